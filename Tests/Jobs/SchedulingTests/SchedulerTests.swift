import Foundation
import JobModel
import Testing

@testable import Scheduling

@Suite("Choosing what runs next")
struct SchedulerTests {
  private let gibibyte = 1 << 30
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  /// - Parameters:
  ///   - waited: minutes since the job was accepted.
  ///   - deadline: minutes from now.
  private func candidate(
    _ task: Int64, job: Int64 = 1, priority: Int = 50, account: String = "default", waited: Double = 0,
    deadline: Double? = nil, model: String = "demo", shape: String = "video", memory: Int = 0, seat: Int = 0,
    estimate: Double? = nil, runsAlone: Bool = false
  ) -> Candidate {
    let created = now.addingTimeInterval(-waited * 60)
    let due = Ageing().due(
      created: created, priority: priority, deadline: deadline.map { now.addingTimeInterval($0 * 60) })
    return Candidate(
      task: TaskID(task), job: JobID(job), model: model, stage: .base, shape: shape, account: account,
      created: created, due: due, memoryByteCount: memory, seatByteCount: seat, estimate: estimate,
      runsAlone: runsAlone)
  }

  private func device(
    _ name: String, memory: Int = 1 << 30, seats: Int = 1, activity: DeviceState.Activity = .idle,
    model: String? = nil
  ) -> DeviceState {
    DeviceState(name: name, memoryByteCount: memory, seatCount: seats, activity: activity, loadedModel: model)
  }

  private func plan(
    _ candidates: [Candidate], _ devices: [DeviceState], _ shares: FairShare = FairShare()
  ) -> [String: [Int64]] {
    var shares = shares
    let plan = Scheduler().plan(candidates.shuffled(), on: devices, shares: &shares, at: now)
    return Dictionary(uniqueKeysWithValues: plan.groups.map { ($0.device, $0.tasks.map(\.task.rawValue)) })
  }

  /// The jobs in the order in which one device takes them, a task each.
  private func order(_ candidates: [Candidate], _ shares: FairShare = FairShare()) -> [Int64] {
    var (left, shares, order) = (candidates.shuffled(), shares, [Int64]())
    while !left.isEmpty {
      let plan = Scheduler().plan(left, on: [device("cpu0")], shares: &shares, at: now)
      for task in plan.groups.flatMap(\.tasks) {
        order.append(task.task.rawValue)
        left.removeAll { $0.task == task.task }
      }
    }
    return order
  }

  @Test("the more urgent goes first, then the job that came first, then the task's place in it")
  func byPriority() {
    let candidates = [
      candidate(9, job: 3, priority: 90), candidate(5, job: 2), candidate(4, job: 2), candidate(7, job: 1),
      candidate(1, job: 1, priority: 10),
    ]
    #expect(order(candidates) == [9, 7, 4, 5, 1])
  }

  @Test("ten minutes of waiting are worth a point of priority: nothing waits for ever")
  func ageing() {
    #expect(order([candidate(1, priority: 0, waited: 499), candidate(2, job: 2)]) == [2, 1])
    #expect(order([candidate(1, priority: 0, waited: 501), candidate(2, job: 2)]) == [1, 2])
    // Also against a stream of the most urgent jobs of another account.
    let urgent = candidate(2, job: 2, priority: 100, account: "busy")
    #expect(order([candidate(1, priority: 0, waited: 999), urgent]) == [2, 1])
    #expect(order([candidate(1, priority: 0, waited: 1010), urgent]) == [1, 2])
  }

  @Test("equal priorities are equal whatever the rounding of dates, and none makes the other give way")
  func rounding() {
    let ageing = Ageing()
    for step in 0..<2000 {
      let created = now.addingTimeInterval(Double(step) * 1.000_37)
      let due = ageing.due(created: created, priority: 50, deadline: nil)
      #expect(ageing.level(created: created, due: due) == 50)
    }
  }

  @Test("a near deadline goes before what is not due yet, a far one changes nothing")
  func deadline() {
    let jobs = [candidate(1, job: 1), candidate(2, job: 2, deadline: 60), candidate(3, job: 3, deadline: 9999)]
    #expect(order(jobs) == [2, 1, 3])
    #expect(order([candidate(1, priority: 100), candidate(2, job: 2, deadline: -60)]) == [1, 2])
  }

  @Test("with a thousand jobs of one account waiting, another's job waits for at most one of them")
  func fairShare() {
    let many = (1...1000).map { candidate(Int64($0), job: Int64($0), account: "many", waited: 300) }
    var shares = FairShare()
    shares.update(active: ["many"], serving: ["many"], at: now)
    shares.charge("many", seconds: 5000)
    shares.update(active: ["many", "one"], serving: ["many"], at: now)
    // Even though those of the account that is served all along have waited for hours.
    #expect(order(many.prefix(3) + [candidate(2000, job: 2000, account: "one")], shares).prefix(2).contains(2000))
  }

  @Test("accounts get devices by their shares; one that comes back neither has credit nor pays")
  func shares() {
    let jobs = (0..<12).map { candidate(Int64($0), job: Int64($0), account: $0 < 6 ? "a" : "b", estimate: 10) }
    let taken = order(jobs, FairShare(shares: ["b": 2])).prefix(6)
    #expect(taken.count { $0 >= 6 } == 4)
    var shares = FairShare()
    shares.update(active: ["a"], serving: [], at: now)
    shares.charge("a", seconds: 1000)
    shares.update(active: ["a", "b"], serving: [], at: now)
    #expect(shares.used("b") == 1000)
    shares.charge("b", seconds: 500)
    shares.update(active: ["a"], serving: [], at: now)
    shares.update(active: ["a", "b"], serving: [], at: now)
    #expect(shares.used("b") == 1500)
  }

  @Test("each idle device gets one task, busy ones none")
  func devices() {
    let devices = [device("cpu0"), device("cpu1", activity: .running(level: 50)), device("cpu2")]
    #expect(plan([candidate(1), candidate(2), candidate(3)], devices) == ["cpu0": [1], "cpu2": [2]])
    #expect(plan([], devices).isEmpty)
  }

  @Test("what does not fit is never admitted, and does not keep others from devices it cannot use")
  func memory() {
    let devices = [device("small"), device("large", memory: 8 * gibibyte, activity: .unavailable)]
    let candidates = [candidate(1, memory: 4 * gibibyte), candidate(2, memory: gibibyte)]
    #expect(plan(candidates, devices) == ["small": [2]])
  }

  @Test("a task goes where its model is loaded, else to the smallest device that holds it")
  func affinity() {
    let devices = [
      device("large", memory: 8 * gibibyte, model: "other"), device("small"),
      device("warm", memory: 4 * gibibyte, model: "demo"),
    ]
    #expect(plan([candidate(1)], devices) == ["warm": [1]])
    #expect(plan([candidate(1, model: "third")], devices) == ["small": [1]])
    #expect(plan([candidate(1, model: "third", memory: 6 * gibibyte)], devices) == ["large": [1]])
  }

  @Test("like tasks share a device as far as it has seats and memory; suspects and unlike ones do not")
  func batching() {
    let tasks = (1...6).map { candidate(Int64($0), job: Int64($0), memory: gibibyte / 2, seat: gibibyte / 8) }
    #expect(plan(tasks, [device("cpu0", seats: 4)]) == ["cpu0": [1, 2, 3, 4]])
    #expect(plan(tasks, [device("cpu0", memory: gibibyte * 3 / 4, seats: 8)]) == ["cpu0": [1, 2, 3]])
    let mixed = [
      candidate(1), candidate(2, job: 2, shape: "image"), candidate(3, job: 3, model: "other"),
      candidate(4, job: 4, runsAlone: true), candidate(5, job: 5),
    ]
    #expect(plan(mixed, [device("cpu0", seats: 8)]) == ["cpu0": [1, 5]])
    #expect(plan([candidate(4, runsAlone: true), candidate(5, job: 2)], [device("cpu0", seats: 8)]) == ["cpu0": [4]])
  }

  @Test("what is more urgent from the beginning makes the least urgent device give way, what only waited does not")
  func preemption() {
    func preempted(_ candidates: [Candidate], _ devices: [DeviceState]) -> [String] {
      var shares = FairShare()
      return Scheduler().plan(candidates, on: devices, shares: &shares, at: now).preempted
    }
    let devices = [device("a", activity: .running(level: 60)), device("b", activity: .running(level: 50))]
    #expect(preempted([candidate(1, priority: 90)], devices) == ["b"])
    #expect(preempted([candidate(1, priority: 90), candidate(2, job: 2, priority: 55)], devices) == ["b"])
    #expect(preempted([candidate(1, priority: 50, waited: 2000)], devices).isEmpty)
    #expect(preempted([candidate(1, priority: 90, memory: 2 * gibibyte)], devices).isEmpty)
    #expect(preempted([candidate(1, priority: 90)], devices + [device("c")]).isEmpty)
    #expect(preempted([candidate(1, priority: 90)], [device("a", activity: .unavailable)]).isEmpty)
  }

  @Test("retries wait twice as long each time, up to a bound, and end after the attempts")
  func retries() {
    let policy = RetryPolicy(attempts: 5, firstDelay: .seconds(10), longestDelay: .seconds(30))
    #expect(
      (0..<5).map { policy.decide(.resource, failures: $0) } == [
        .retry(after: .seconds(10)), .retry(after: .seconds(20)), .retry(after: .seconds(30)),
        .retry(after: .seconds(30)), .giveUp,
      ])
  }

  @Test("a failure that is the request's fault is not retried")
  func requestFault() { #expect(RetryPolicy().decide(.request, failures: 0) == .giveUp) }

  @Test("a task that killed its worker twice runs alone, and none is given up for what a batch mate may have done")
  func alone() {
    let policy = RetryPolicy(attempts: 3, firstDelay: .seconds(1))
    #expect(!policy.runsAlone(kills: 1, failures: 1))
    #expect(policy.runsAlone(kills: 2, failures: 2))
    #expect(policy.runsAlone(kills: 1, failures: 2))
    #expect(policy.decide(.internal, failures: 2, isShared: true) == .retry(after: .seconds(4)))
  }
}
