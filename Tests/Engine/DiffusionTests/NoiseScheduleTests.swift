import Testing

@testable import Diffusion

@Suite struct NoiseScheduleTests {
  private let schedule = NoiseSchedule()

  @Test(
    "gamma has the values of model.md section 6",
    arguments: [
      (0, 0.9999), (19, 0.994194757025143), (100, 0.894490437155082), (499, 0.0760287505471147),
      (979, 2.00583948366033e-06), (998, 4.21326246508807e-09),
    ])
  func values(timestep: Int, expected: Double) {
    // The document prints 15 digits.
    #expect(abs(schedule.gamma(timestep) - expected) <= 1e-14)
  }

  @Test("the last timestep is pure noise exactly, and before the first everything is signal")
  func ends() {
    #expect(schedule.gamma(999) == 0)
    #expect(schedule.gamma(-1) == 1)
  }

  @Test("fifty steps begin at 999 and end at 19")
  func fiftySteps() {
    let timesteps = schedule.trailingTimesteps(50)
    #expect(timesteps.prefix(2) == [999, 979])
    #expect(timesteps.last == 19)
    #expect(timesteps.count == 50)
  }

  @Test("every number of steps visits falling timesteps from the noisiest", arguments: [1, 2, 3, 7, 25, 999, 1000])
  func anyCount(count: Int) {
    let timesteps = schedule.trailingTimesteps(count)
    #expect(timesteps.first == 999)
    #expect(zip(timesteps, timesteps.dropFirst()).allSatisfy { $0 > $1 })
    #expect(timesteps.allSatisfy { $0 >= 0 })
  }
}
