import Glibc
import Synchronization

/// Threads that share out the tiles of one kernel call at a time; callers that come together take turns.
///
/// The caller works too. Which thread takes which tile is left to chance, so a tile must write only what is its own.
final class ThreadPool: Sendable {
  private let crew: ThreadCrew
  private let threads: [pthread_t]

  init(threadCount: Int) {
    let crew = ThreadCrew(threadCount: threadCount)
    self.crew = crew
    threads = (1..<max(1, threadCount)).map { Self.start(worker: $0, in: crew) }
  }

  deinit {
    crew.stop()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Calls `body` once for each task 0..<count, on any thread; returns when all are done.
  ///
  /// `worker` (0..<threadCount) tells which thread runs, for scratch memory. Not reentrant.
  func run(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) { crew.run(count, body) }

  private static func start(worker: Int, in crew: ThreadCrew) -> pthread_t {
    final class Start {
      let crew: ThreadCrew
      let worker: Int
      init(_ crew: ThreadCrew, _ worker: Int) {
        self.crew = crew
        self.worker = worker
      }
    }
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Start(crew, worker)).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.crew.serve(worker: start.worker)
        return nil
      }, argument)
    precondition(status == 0, "start a compute thread: \(String(cString: strerror(status))); lower the thread count")
    return thread
  }
}

/// What the threads of a pool share; each of them keeps it alive.
///
/// `@unchecked Sendable`: `job`, `active`, `sleeping` and `isStopping` are read and written only under `mutex`; the
/// atomics are what they are.
private final class ThreadCrew: @unchecked Sendable {
  private struct Job {
    let count: Int
    /// On the caller's stack until `run` returns; threads borrow it and hold nothing afterwards.
    let body: UnsafePointer<(_ task: Int, _ worker: Int) -> Void>
  }

  let threadCount: Int
  /// Held by the caller whose job the crew has, for as long as it has it.
  private let turn = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var job: Job?
  private var active = 0
  private var sleeping = 0
  private var isStopping = false
  private let generation = Atomic<Int>(0)
  private let nextTask = Atomic<Int>(0)
  private let finishedTasks = Atomic<Int>(0)

  /// How often a thread looks for work before it sleeps: some tens of microseconds.
  private static let spinCount = 4_000

  init(threadCount: Int) {
    self.threadCount = threadCount
    pthread_mutex_init(turn, nil)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(done, nil)
  }

  deinit {
    pthread_mutex_destroy(turn)
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(wake)
    pthread_cond_destroy(done)
    turn.deallocate()
    mutex.deallocate()
    wake.deallocate()
    done.deallocate()
  }

  func stop() {
    pthread_mutex_lock(mutex)
    isStopping = true
    generation.add(1, ordering: .releasing)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }

  func run(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    if count <= 1 || threadCount == 1 {
      for task in 0..<max(0, count) { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { body in
        let job = Job(count: count, body: body)
        pthread_mutex_lock(turn)
        defer { pthread_mutex_unlock(turn) }
        publish(job)
        work(on: job, worker: 0)
        waitForWorkers(count)
      }
    }
  }

  private func publish(_ job: Job) {
    pthread_mutex_lock(mutex)
    self.job = job
    nextTask.store(0, ordering: .relaxed)
    finishedTasks.store(0, ordering: .relaxed)
    generation.add(1, ordering: .releasing)
    if sleeping > 0 { pthread_cond_broadcast(wake) }
    pthread_mutex_unlock(mutex)
  }

  private func work(on job: Job, worker: Int) {
    while true {
      let task = nextTask.add(1, ordering: .relaxed).oldValue
      if task >= job.count { return }
      job.body.pointee(task, worker)
      finishedTasks.add(1, ordering: .releasing)
    }
  }

  /// Returns when every task is done and no worker still holds the job.
  private func waitForWorkers(_ count: Int) {
    for _ in 0..<Self.spinCount where finishedTasks.load(ordering: .acquiring) < count { _ = 0 }
    pthread_mutex_lock(mutex)
    job = nil
    while active > 0 { pthread_cond_wait(done, mutex) }
    pthread_mutex_unlock(mutex)
  }

  func serve(worker: Int) {
    var seen = 0
    while true {
      var spins = 0
      while generation.load(ordering: .acquiring) == seen, spins < Self.spinCount { spins += 1 }
      pthread_mutex_lock(mutex)
      while generation.load(ordering: .acquiring) == seen, !isStopping {
        sleeping += 1
        pthread_cond_wait(wake, mutex)
        sleeping -= 1
      }
      seen = generation.load(ordering: .acquiring)
      if isStopping {
        pthread_mutex_unlock(mutex)
        return
      }
      guard let job else {
        pthread_mutex_unlock(mutex)
        continue
      }
      active += 1
      pthread_mutex_unlock(mutex)
      work(on: job, worker: worker)
      pthread_mutex_lock(mutex)
      active -= 1
      if active == 0 { pthread_cond_signal(done) }
      pthread_mutex_unlock(mutex)
    }
  }
}
