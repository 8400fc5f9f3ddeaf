import JobModel
import Testing

@Suite("States and plans")
struct StateTests {
  @Test("a job that has ended stays so, but for a failed one that is revived")
  func finalStates() {
    for state in JobState.allCases where state.isFinal {
      #expect(state.successors == (state == .failed ? [.queued, .publishing] : []))
    }
  }

  @Test("every job state but the first can be reached from queued")
  func reachable() {
    var reached: Set<JobState> = [.queued]
    while true {
      let next = reached.union(reached.flatMap(\.successors))
      if next == reached { break }
      reached = next
    }
    #expect(reached == Set(JobState.allCases))
  }

  @Test("only a leased task ends, and no task skips its turn")
  func taskStates() {
    #expect(TaskState.allCases.filter { $0.mayBecome(.done) } == [.leased])
    #expect(TaskState.allCases.filter { $0.mayBecome(.leased) } == [.ready])
  }

  @Test("a clip of two chunks plans every task after those it needs")
  func plan() {
    let plan = TaskPlan(stages: [.base, .sr1], chunkCount: 2, hasText: true)
    let steps = plan.steps
    #expect(steps.count == 1 + 4 + 1)
    for (place, step) in steps.enumerated() {
      for needed in plan.predecessors(of: step) { #expect(steps[..<place].contains(needed)) }
    }
    #expect(
      plan.predecessors(of: .init(.sr1, chunk: 1)) == [.init(.text), .init(.base, chunk: 1), .init(.sr1, chunk: 0)])
    #expect(plan.predecessors(of: .init(.decode)) == [.init(.sr1, chunk: 0), .init(.sr1, chunk: 1)])
  }

  @Test("a generated first frame is a part of its own, before the chunks and at every stage")
  func firstFrame() {
    let plan = TaskPlan(stages: [.base, .sr1], chunkCount: 2, hasText: true, generatesFirstFrame: true)
    #expect(plan.steps.count == 1 + 6 + 1)
    #expect((0..<3).map(plan.part) == [.firstFrame, .chunk(0), .chunk(1)])
    #expect(plan.chunkNumbers == 1..<3)
    #expect(
      plan.predecessors(of: .init(.sr1, chunk: 1)) == [.init(.text), .init(.base, chunk: 1), .init(.sr1, chunk: 0)])
    for (place, step) in plan.steps.enumerated() {
      for needed in plan.predecessors(of: step) { #expect(plan.steps[..<place].contains(needed)) }
    }
  }

  @Test("a job's number is read from what a user types", arguments: [("42", 42), ("0", nil), ("x", nil), ("-1", nil)])
  func jobID(text: String, value: Int64?) { #expect(JobID(text)?.rawValue == value) }
}
