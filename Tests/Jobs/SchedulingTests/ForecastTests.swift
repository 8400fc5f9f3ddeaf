import Foundation
import JobModel
import Testing

@testable import Scheduling

@Suite("Foretelling when jobs end")
struct ForecastTests {
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  private func work(
    _ job: Int64, seconds: Double?, account: String = "default", priority: Int = 50, running: Bool = false
  ) -> Forecast.Work {
    Forecast.Work(
      job: JobID(job), account: account, created: now,
      due: Ageing().due(created: now, priority: priority, deadline: nil),
      seconds: seconds, isRunning: running)
  }

  private func finishes(_ work: [Forecast.Work], devices: Int = 1) -> [Int64: Double] {
    let dates = Forecast.finishes(work, deviceCount: devices, ageing: Ageing(), shares: FairShare(), at: now)
    return Dictionary(uniqueKeysWithValues: dates.map { ($0.key.rawValue, $0.value.timeIntervalSince(now)) })
  }

  @Test("jobs end one after the other, the running one first, then in the queue's order")
  func oneDevice() {
    let jobs = [work(1, seconds: 10), work(2, seconds: 5, running: true), work(3, seconds: 20, priority: 60)]
    #expect(finishes(jobs) == [2: 5, 3: 25, 1: 35])
  }

  @Test("two devices work at the same time")
  func twoDevices() {
    #expect(finishes((1...4).map { work($0, seconds: 10) }, devices: 2) == [1: 10, 2: 10, 3: 20, 4: 20])
  }

  @Test("accounts take turns")
  func accounts() {
    let jobs = (1...4).map { work($0, seconds: 10, account: $0 < 4 ? "many" : "one") }
    #expect(finishes(jobs)[4] == 20)
  }

  @Test("nothing is said of what comes after a job that nobody knows the length of")
  func unknown() {
    #expect(finishes([work(1, seconds: 10), work(2, seconds: nil), work(3, seconds: 1)]) == [1: 10])
    #expect(finishes([work(1, seconds: nil, running: true), work(2, seconds: 1)]).isEmpty)
  }
}
