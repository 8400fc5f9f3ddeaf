import JobModel
import Scheduling
import Testing

@Suite("Choosing what runs next")
struct SchedulerTests {
  private let gibibyte = 1 << 30

  private func candidate(
    _ task: Int64, job: Int64 = 1, priority: Int = 50, model: String = "demo", memory: Int = 0
  ) -> Candidate {
    Candidate(
      task: TaskID(task), job: JobID(job), model: model, stage: .base, priority: priority, account: "default",
      waited: 0, memoryByteCount: memory, kills: 0)
  }

  private func device(_ name: String, memory: Int, idle: Bool = true, model: String? = nil) -> DeviceState {
    DeviceState(name: name, memoryByteCount: memory, isIdle: idle, loadedModel: model)
  }

  private func plan(_ candidates: [Candidate], _ devices: [DeviceState]) -> [String: [Int64]] {
    Dictionary(
      uniqueKeysWithValues: Scheduler().plan(candidates, on: devices).map {
        ($0.device, $0.tasks.map(\.task.rawValue))
      })
  }

  @Test("the more urgent goes first, then the job that came first, then the task's place in it")
  func order() {
    let candidates = [
      candidate(9, job: 3, priority: 90), candidate(5, job: 2), candidate(4, job: 2), candidate(7, job: 1),
      candidate(1, job: 1, priority: 10),
    ]
    #expect(QueueOrder().sorted(candidates.shuffled()).map(\.task.rawValue) == [9, 7, 4, 5, 1])
  }

  @Test("each idle device gets one task, busy ones none")
  func devices() {
    let devices = [
      device("cpu0", memory: gibibyte), device("cpu1", memory: gibibyte, idle: false),
      device("cpu2", memory: gibibyte),
    ]
    #expect(plan([candidate(1), candidate(2), candidate(3)], devices) == ["cpu0": [1], "cpu2": [2]])
    #expect(plan([], devices).isEmpty)
  }

  @Test("what does not fit is never admitted, and does not keep others from devices it cannot use")
  func memory() {
    let devices = [device("small", memory: gibibyte), device("large", memory: 8 * gibibyte, idle: false)]
    let candidates = [candidate(1, memory: 4 * gibibyte), candidate(2, memory: gibibyte)]
    #expect(plan(candidates, devices) == ["small": [2]])
  }

  @Test("a task goes where its model is loaded, else to the smallest device that holds it")
  func affinity() {
    let devices = [
      device("large", memory: 8 * gibibyte, model: "other"), device("small", memory: gibibyte),
      device("warm", memory: 4 * gibibyte, model: "demo"),
    ]
    #expect(plan([candidate(1)], devices) == ["warm": [1]])
    #expect(plan([candidate(1, model: "third")], devices) == ["small": [1]])
    #expect(plan([candidate(1, model: "third", memory: 6 * gibibyte)], devices) == ["large": [1]])
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

  @Test("a task that killed its worker twice runs alone")
  func alone() {
    #expect(!RetryPolicy.runsAlone(kills: 1))
    #expect(RetryPolicy.runsAlone(kills: 2))
  }
}
