import Datasets
import Glibc
import MediaIO

/// Curves in a picture with axes, ticks and a legend, for loss curves and the like.
package struct LinePlot: Sendable {
  package struct Series: Sendable {
    package let name: String
    package let points: [SIMD2<Double>]

    package init(_ name: String, _ points: [SIMD2<Double>]) {
      self.name = name
      self.points = points
    }
  }

  package var title: String
  package var xLabel: String
  package var yLabel: String
  package var series: [Series]
  /// Whether the upright axis is logarithmic; points at or below 0 are then left out.
  package var isLogarithmic: Bool
  package var width = 800
  package var height = 500

  package init(title: String, xLabel: String, yLabel: String, series: [Series], isLogarithmic: Bool = false) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
    self.isLogarithmic = isLogarithmic
  }

  private static let colours = [
    RGB(31, 119, 180), RGB(214, 39, 40), RGB(44, 160, 44), RGB(148, 103, 189), RGB(255, 127, 14), RGB(23, 160, 170),
  ]
  private static let ink = RGB(40, 40, 40)
  private static let gridColour = RGB(224, 224, 224)

  /// Draws the plot and writes it as PNG.
  package func write(to path: String) throws { try PNGFile.write(draw(), to: path) }

  /// Draws the plot; without any finite point the axes go from 0 to 1.
  package func draw() -> RGBFrames {
    let shown = series.map { series in
      series.points.filter { $0.x.isFinite && $0.y.isFinite && (!isLogarithmic || $0.y > 0) }
    }
    let all = shown.flatMap { $0 }
    let xAxis = PlotAxis(values: all.map(\.x), pixels: 76..<width - 16)
    let yAxis = PlotAxis(values: all.map(\.y), pixels: 34..<height - 58, isLogarithmic: isLogarithmic)
    var canvas = Canvas(width: width, height: height, colour: RGB(repeating: 255))
    drawFrame(&canvas, xAxis, yAxis)
    for (index, points) in shown.enumerated() {
      let colour = Self.colours[index % Self.colours.count]
      let pixels = points.map { SIMD2(xAxis.position($0.x), Double(height - 16) - yAxis.position($0.y)) }
      if pixels.count == 1 { canvas.line(from: pixels[0], to: pixels[0], colour) }
      for (a, b) in zip(pixels, pixels.dropFirst()) { canvas.line(from: a, to: b, colour) }
    }
    drawLegend(&canvas)
    return canvas.picture
  }

  private func drawFrame(_ canvas: inout Canvas, _ xAxis: PlotAxis, _ yAxis: PlotAxis) {
    let (left, right) = (xAxis.pixels.lowerBound, xAxis.pixels.upperBound)
    let (top, bottom) = (height - 16 - yAxis.pixels.upperBound, height - 16 - yAxis.pixels.lowerBound)
    for tick in xAxis.ticks {
      let x = Int(xAxis.position(tick).rounded())
      canvas.fill(x: x..<x + 1, y: top..<bottom, Self.gridColour)
      let label = PlotAxis.label(tick)
      canvas.text(label, x: x - label.count * BitmapFont.advance / 2, y: bottom + 6, Self.ink)
    }
    for tick in yAxis.ticks {
      let y = height - 16 - Int(yAxis.position(tick).rounded())
      canvas.fill(x: left..<right, y: y..<y + 1, Self.gridColour)
      let label = PlotAxis.label(tick)
      canvas.text(label, x: left - 6 - label.count * BitmapFont.advance, y: y - 3, Self.ink)
    }
    canvas.fill(x: left..<left + 1, y: top..<bottom, Self.ink)
    canvas.fill(x: left..<right, y: bottom..<bottom + 1, Self.ink)
    canvas.text(title, x: left, y: 8, scale: 2, Self.ink)
    canvas.text(yLabel, x: 8, y: top - 14, Self.ink)
    canvas.text(xLabel, x: right - xLabel.count * BitmapFont.advance, y: bottom + 20, Self.ink)
  }

  private func drawLegend(_ canvas: inout Canvas) {
    let longest = series.map(\.name.count).max() ?? 0
    let x = width - 30 - longest * BitmapFont.advance
    for (index, series) in series.enumerated() {
      let y = 40 + index * 14
      canvas.fill(x: x - 18..<x - 6, y: y + 2..<y + 5, Self.colours[index % Self.colours.count])
      canvas.text(series.name, x: x, y: y, Self.ink)
    }
  }
}
