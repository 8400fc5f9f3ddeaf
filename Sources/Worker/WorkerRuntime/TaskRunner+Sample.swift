import Diffusion
import Foundation
import Tensors
import VideoPipeline
import Weights
import WorkerProtocol

extension TaskRunner {
  /// Samples one stage of all attempts, step by step, in shared passes.
  func sample(_ batch: [Attempt], _ cascade: Cascade) throws {
    var seats: [Attempt] = []
    var items: [StageItem] = []
    var states: [SamplerState?] = []
    var identities: [String] = []
    for attempt in batch {
      do {
        guard case .sample(let work) = attempt.task.work else { continue }
        let item = try cascade.item(work, attempt)
        let identity = try work.identity(weights: shelf.weightsDigests(attempt.task.modelFolder, of: cascade.model))
        let state = try resume(attempt, work, identity: identity, cascade)
        // Alone first: a clip that does not suit the model must not take its batch mates with it.
        try cascade.check(item, state: state)
        seats.append(attempt)
        items.append(item)
        states.append(state)
        identities.append(identity)
      } catch {
        fail(attempt, error)
      }
    }
    guard let first = items.first else { return }
    let sampler = try cascade.sampler(stage: first.noise.stage, items: items, states: states)
    run(sampler, seats, identities, kernels: cascade.device.kernelsName)
  }

  private func run(_ sampler: StageSampler, _ seats: [Attempt], _ identities: [String], kernels: String) {
    for seat in seats.indices where sampler.isFinished(seat) { finish(seats[seat], sampler.result(seat), kernels) }
    while !sampler.isFinished {
      for (seat, attempt) in seats.enumerated() where !attempt.hasEnded && inbox.takeCancellation(of: attempt.folder) {
        sampler.drop(seat)
        end(attempt, .cancelled)
      }
      let open = seats.indices.filter { !seats[$0].hasEnded }
      if open.isEmpty { return }
      if inbox.mustYield {
        for seat in open { yield(seats[seat], sampler.state(seat), identities[seat], kernels) }
        return
      }
      let begun = ContinuousClock.now
      sampler.step()
      let seconds = (ContinuousClock.now - begun).inSeconds
      for seat in open {
        afterStep(seats[seat], sampler, seat, identities[seat], seconds: seconds, kernels: kernels)
      }
    }
  }

  private func afterStep(
    _ attempt: Attempt, _ sampler: StageSampler, _ seat: Int, _ identity: String, seconds: Double, kernels: String
  ) {
    let state = sampler.state(seat)
    attempt.journal.record(.step(step: state.step, of: sampler.stepCount(seat), seconds: seconds))
    do {
      try attempt.journal.check()
    } catch {
      sampler.drop(seat)
      return fail(attempt, error)
    }
    if sampler.isFinished(seat) {
      finish(attempt, sampler.result(seat), kernels)
    } else if attempt.isCheckpointDue {
      checkpoint(attempt, state, identity, kernels)
    }
  }

  private func finish(_ attempt: Attempt, _ latents: Tensor, _ kernels: String) {
    do {
      var document = SafetensorsDocument(metadata: ["kernels": kernels])
      document.add(TaskFile.latents.tensor, latents)
      end(
        attempt, .done,
        outputs: [try write(document.data(), TaskFile.latents.file, as: "latents", for: attempt)])
    } catch {
      fail(attempt, error)
    }
  }

  private func yield(_ attempt: Attempt, _ state: SamplerState, _ identity: String, _ kernels: String) {
    if state.step > attempt.resumedFromStep ?? 0 { checkpoint(attempt, state, identity, kernels) }
    end(attempt, .yielded)
  }

  /// Hands the state to the journal, which writes it while the next step computes.
  private func checkpoint(_ attempt: Attempt, _ state: SamplerState, _ identity: String, _ kernels: String) {
    attempt.lastCheckpoint = .now
    guard case .sample(let work) = attempt.task.work else { return }
    let metadata = [
      "identity": identity, "kernels": kernels, "stage": String(work.stage), "chunk": String(work.chunk),
    ]
    attempt.journal.checkpoint(step: state.step) { state.document(metadata: metadata).data() }
  }
}

extension Attempt {
  fileprivate var isCheckpointDue: Bool {
    guard case .sample(let work) = task.work else { return false }
    return ContinuousClock.now - lastCheckpoint >= .seconds(work.checkpointSeconds)
  }
}

extension Cascade {
  /// Reads what earlier tasks made for this one.
  fileprivate func item(_ work: SampleWork, _ attempt: Attempt) throws -> StageItem {
    guard (0..<1_000_000).contains(work.chunk) else {
      throw Failure(.request, "sample chunk \(work.chunk): allowed are 0 to 999999")
    }
    // A cascade may have stages that look at less than its base does.
    let denoiser = try model.denoiser(stage: work.stage).configuration
    let text = denoiser.hasText ? try work.text?.openTensors(for: attempt) : nil
    return StageItem(
      noise: NoiseKey(seed: UInt64(bitPattern: work.seed), stage: work.stage, chunk: work.chunk),
      sampling: try sampling(work.sampling), isImage: work.isImage,
      classLabel: denoiser.classes > 0 ? work.classLabel : nil, text: try text?.tensor(TaskFile.text.prompt),
      negativeText: try text.flatMap {
        $0.contains(TaskFile.text.negativePrompt) ? try $0.tensor(TaskFile.text.negativePrompt) : nil
      },
      lowResolution: try work.previousStage?.openLatents(for: attempt), givenFrames: try givenFrames(work, attempt))
  }

  /// - Throws: a failure of kind `request` for what this version or the model's schedule does not have.
  private func sampling(_ sampling: Sampling) throws -> StageSampling {
    guard sampling.sampler == "ddim" else {
      throw Failure(.request, "sample with \(sampling.sampler): this version knows ddim")
    }
    let timesteps = model.schedule.timestepCount
    guard (1...timesteps).contains(sampling.steps) else {
      throw Failure(.request, "sample in \(sampling.steps) steps: allowed are 1 to \(timesteps)")
    }
    let noise = sampling.upsamplerNoise ?? -1
    guard (-1..<timesteps).contains(noise) else {
      throw Failure(.request, "sample with k_sr \(noise): allowed are -1 to \(timesteps - 1)")
    }
    return StageSampling(
      stepCount: sampling.steps, guidance: try Guidance(sampling), eta: sampling.eta, augmentationTimestep: noise)
  }
}

extension Guidance {
  fileprivate init(_ sampling: Sampling) throws {
    switch sampling.guidanceSchedule {
    case "constant": self = .constant(sampling.guidanceScale)
    case "power-cosine": self = .powerCosine(sampling.guidanceScale)
    default:
      throw Failure(
        .request, "guide by \"\(sampling.guidanceSchedule)\": this version knows constant and power-cosine")
    }
  }
}
