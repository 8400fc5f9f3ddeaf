import Testing
import WorkerProtocol

@testable import WorkerRuntime

@Suite struct CommandInboxTests {
  private let inbox = CommandInbox()
  private let first = AttemptFolder("/tasks/first/attempt-1")
  private let second = AttemptFolder("/tasks/second/attempt-1")

  @Test("a yield reaches a batch that has not begun yet, and not the one told after it")
  func yield() {
    inbox.post(.run([first]))
    inbox.post(.yield)
    inbox.post(.run([second]))
    #expect(inbox.nextRun() == [first])
    #expect(inbox.mustYield)
    #expect(inbox.nextRun() == [second])
    #expect(!inbox.mustYield)
  }

  @Test("a yield while nothing is to do is over at once")
  func idleYield() {
    inbox.post(.yield)
    inbox.post(.run([first]))
    #expect(inbox.nextRun() == [first])
    #expect(!inbox.mustYield)
  }

  @Test("a cancellation is told once, and forgotten with its batch")
  func cancel() {
    inbox.post(.run([first]))
    inbox.post(.run([first, second]))
    inbox.post(.cancel(first))
    #expect(inbox.nextRun() == [first])
    #expect(inbox.takeCancellation(of: first))
    #expect(!inbox.takeCancellation(of: first))
    inbox.post(.cancel(first))
    #expect(inbox.nextRun() == [first, second])
    #expect(!inbox.takeCancellation(of: first))
  }

  @Test("quitting leaves waiting batches undone and makes the running one yield")
  func quit() {
    inbox.post(.run([first]))
    #expect(inbox.nextRun() == [first])
    inbox.post(.run([second]))
    inbox.post(.quit)
    #expect(inbox.mustYield)
    #expect(inbox.nextRun() == nil)
  }
}
