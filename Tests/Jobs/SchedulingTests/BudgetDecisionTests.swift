import Foundation
import Scheduling
import Testing

@Suite("Deciding on budgets")
struct BudgetDecisionTests {
  private let limit = SpendingLimit(measure: .cpuSeconds, period: .day, amount: 100)

  private func spending(_ used: Double, reserved: Double = 0) -> Spending {
    Spending(used: [.day: [.cpuSeconds: used]], reserved: [.cpuSeconds: reserved])
  }

  @Test("work begins while its estimate fits, waits for what is reserved, is held where nothing can free enough")
  func decisions() {
    #expect([limit].decide([.cpuSeconds: 10], spending(90)) == .allowed)
    #expect([limit].decide([.cpuSeconds: 11], spending(90)) == .exhausted(limit, used: 90))
    #expect([limit].decide([.cpuSeconds: 11], spending(90, reserved: 20)) == .wait)
    #expect([limit].decide([:], spending(100, reserved: 20)) == .allowed)
    #expect([limit].decide([:], spending(100)) == .exhausted(limit, used: 100))
    #expect([limit].decide([.gpuSeconds: 500], spending(0)) == .allowed)
    #expect([SpendingLimit]().decide([.cpuSeconds: 1e9], spending(1e9)) == .allowed)
  }

  @Test("running work has reached a limit by what it has spent, not by what is reserved for it")
  func reached() {
    #expect([limit].reached(spent: [.cpuSeconds: 19], spending(110, reserved: 30)) == nil)
    #expect([limit].reached(spent: [.cpuSeconds: 20], spending(110, reserved: 30))?.used == 100)
  }

  @Test("days and months begin at midnight of UTC")
  func periods() throws {
    let date = try Date("2026-02-28T23:30:00Z", strategy: .iso8601)
    #expect(SpendingPeriod.day.end(at: date) == (try Date("2026-03-01T00:00:00Z", strategy: .iso8601)))
    #expect(SpendingPeriod.month.start(at: date) == (try Date("2026-02-01T00:00:00Z", strategy: .iso8601)))
    #expect(SpendingPeriod.all.start(at: date) == nil)
  }

  @Test("the reason says what was used of what, and when it goes on")
  func reason() throws {
    let date = try Date("2026-02-28T23:30:00Z", strategy: .iso8601)
    #expect(
      limit.reason(account: "films", used: 100.04, at: date)
        == "budget: account \"films\" has used 100.0 of 100 cpu_seconds today; goes on at 2026-03-01T00:00:00Z, "
        + "or raise the limit and reload waltd")
  }
}
