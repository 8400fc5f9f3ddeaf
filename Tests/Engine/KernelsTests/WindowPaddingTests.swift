import Testing

@testable import Kernels

@Suite("Windows along an axis")
struct WindowPaddingTests {
  @Test(
    "are none where the kernel is larger than the input and its padding",
    arguments: [(WindowPadding.none, 2, 3, 2), (.none, 1, 2, 2), (.half, 1, 4, 3), (.none, 0, 2, 4), (.half, 0, 2, 2)])
  func tooSmall(padding: WindowPadding, count: Int, kernel: Int, stride: Int) {
    #expect(padding.windows(of: count, kernel: kernel, stride: stride).output == 0)
  }

  @Test(
    "lie wholly within the input and its padding",
    arguments: [(WindowPadding.none, 3, 3, 2, 1), (.none, 7, 3, 2, 3), (.half, 1, 3, 2, 1), (.half, 6, 3, 2, 3)])
  func fitting(padding: WindowPadding, count: Int, kernel: Int, stride: Int, expected: Int) {
    #expect(padding.windows(of: count, kernel: kernel, stride: stride).output == expected)
  }
}
