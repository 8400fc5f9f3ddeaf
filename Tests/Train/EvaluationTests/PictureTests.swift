import Datasets
import Foundation
import MediaIO
import Testing

@testable import Evaluation

@Suite struct PictureTests {
  @Test("PSNR is that of its definition, and equal pictures have none to lose")
  func psnr() {
    let a = RGBFrames(width: 2, height: 1, frameCount: 1, bytes: [0, 0, 0, 100, 100, 100])
    let b = RGBFrames(width: 2, height: 1, frameCount: 1, bytes: [10, 10, 10, 90, 90, 90])
    // 10 · log₁₀(255² / 100)
    #expect(abs(PSNR.decibels(a, b) - 28.130_804) < 1e-5)
    #expect(PSNR.decibels(a, a) == .infinity)
  }

  private func flat(_ level: UInt8, frameCount: Int) -> RGBFrames {
    let bytes = (0..<frameCount).flatMap { frame in [UInt8](repeating: level + UInt8(frame), count: 8 * 8 * 3) }
    return RGBFrames(width: 8, height: 8, frameCount: frameCount, bytes: bytes)
  }

  @Test("a contact sheet shows first and last frame of each clip, side by side with margins")
  func contactSheet() {
    let sheet = ContactSheet(framesPerClip: 3, clipsPerRow: 2, margin: 2)
      .draw([flat(10, frameCount: 17), flat(50, frameCount: 17), flat(90, frameCount: 17)])
    // A strip is 3 · (8 + 2) + 2 wide and 8 + 2 · 2 high; one margin more at the right and below.
    #expect(sheet.width == 2 * 32 + 2 && sheet.height == 2 * 12 + 2)
    func level(_ x: Int, _ y: Int) -> UInt8 { sheet.bytes[(y * sheet.width + x) * 3] }
    #expect(level(0, 0) == 255)
    #expect([level(2, 2), level(12, 2), level(22, 9)] == [10, 18, 26])
    #expect([level(34, 2), level(2, 14)] == [50, 90])
    #expect(level(34, 14) == 255, "no fourth clip")
  }

  @Test("a contact sheet with labels has room for them and draws them")
  func labels() {
    let plain = ContactSheet(framesPerClip: 1, clipsPerRow: 1).draw([flat(10, frameCount: 1)])
    let labelled = ContactSheet(framesPerClip: 1, clipsPerRow: 1).draw([flat(10, frameCount: 1)], labels: ["xé"])
    #expect(labelled.height > plain.height)
    #expect(labelled.bytes.contains(60))
  }

  @Test("a line plot has ink where its curve is, on linear and logarithmic axes")
  func plot() {
    let points = (0..<100).map { SIMD2(Double($0), pow(10, -Double($0) / 25)) }
    var plot = LinePlot(title: "t", xLabel: "step", yLabel: "loss", series: [.init("a", points)])
    let linear = plot.draw()
    plot.isLogarithmic = true
    let logarithmic = plot.draw()
    func curveHeight(_ picture: RGBFrames, x: Int) -> Int? {
      (0..<picture.height).first {
        picture.bytes[(($0 * picture.width) + x) * 3..<(($0 * picture.width) + x) * 3 + 3] == [31, 119, 180]
      }
    }
    // Halfway along x the curve has fallen by all but 1 % of its range, or by half of its logarithm.
    let (low, half) = (curveHeight(linear, x: 420) ?? 0, curveHeight(logarithmic, x: 420) ?? 0)
    #expect(low > 400)
    #expect((200...280).contains(half))
  }

  @Test("plots of nothing, of one point, of equal, endless and zero values are drawn")
  func oddPlots() {
    for values: [Double] in [[], [1], [2, 2, 2], [.nan, .infinity, 1], [0, -1, 5], [1e300, -1e300], [0, 0]] {
      for isLogarithmic in [false, true] {
        let points = values.enumerated().map { SIMD2(Double($0), $1) }
        let plot = LinePlot(
          title: "", xLabel: "", yLabel: "", series: [.init("a", points)], isLogarithmic: isLogarithmic)
        #expect(plot.draw().width == 800)
      }
    }
  }

  @Test("ticks are round numbers within the axis")
  func ticks() {
    #expect(PlotAxis(values: [0, 1000], pixels: 0..<100).ticks == [0, 200, 400, 600, 800, 1000])
    #expect(
      PlotAxis(values: [0.013, 0.9], pixels: 0..<100, isLogarithmic: true).ticks.map(PlotAxis.label) == [
        "0.02", "0.05", "0.1", "0.2", "0.5", "1",
      ])
    #expect(PlotAxis.label(25_000) == "25000")
  }
}
