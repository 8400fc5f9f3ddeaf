"""walt and PyTorch side by side, on the same weights and inputs: prints a table of times and ratios.

    compare.py --bin .build/release --work run/benchmark [--threads 2] [--rounds 5] [--only NAME ...] [--json FILE]

Each case runs in one process of each engine; they take turns, so that both see the same machine. The ratio of a round is
walt's time by that of the fastest PyTorch variant; less than one: walt is faster.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import torch
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MODELS = HERE.parent / "models"

# Name, what is done, model, batch, and for autoencoders the clip's size in pixels.
CASES = [
    ("demo base, forward, batch 1", "forward", ROOT / "configs/models/demo/base", 1, None),
    ("demo base, forward, batch 8", "forward", ROOT / "configs/models/demo/base", 8, None),
    ("text 256×12, forward, batch 1", "forward", MODELS / "text-256", 1, None),
    ("text 256×12, forward, batch 8", "forward", MODELS / "text-256", 8, None),
    ("text-to-video L, forward, batch 1", "forward", ROOT / "configs/paper/t2v-L", 1, None),
    ("demo base, 50 guided steps", "sample", ROOT / "configs/models/demo/base", 1, None),
    ("decode 17×128×128, 32 channels", "decode", MODELS / "ae-32", 1, (17, 128, 128)),
    ("decode 17×64×64, 128 channels", "decode", ROOT / "configs/paper/ae", 1, (17, 64, 64)),
    ("encode 17×128×128, 32 channels", "encode", MODELS / "ae-32", 1, (17, 128, 128)),
    ("demo base, training step, batch 16", "train", ROOT / "configs/models/demo/base", 16, None),
]


def model_folder(config_folder, options):
    """A folder with weights: the one named, or a copy with random ones, none of them zero."""
    if (config_folder / "model.safetensors").exists():
        return config_folder
    folder = options.work / config_folder.name
    if not (folder / "model.safetensors").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([options.bin / "walt-train", "init", config_folder, "--output", folder], check=True)
        weights = load_file(folder / "model.safetensors")
        generator = torch.Generator().manual_seed(1)
        for name, value in weights.items():
            if not value.any():
                weights[name] = 0.02 * torch.randn(value.shape, generator=generator)
        save_file(weights, folder / "model.safetensors")
    return folder


def inputs(kind, folder, batch, clip):
    config = json.loads((folder / "config.json").read_text())
    generator = torch.Generator().manual_seed(2)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    if clip:
        frames, height, width = clip
        latent = (batch, 1 + (frames - 1) // 4, height // 8, width // 8, config["latent_channels"])
        return {"z": normal(*latent), "x": normal(batch, frames, height, width, 3).clamp(-1, 1)}
    latent = (batch, config["frames"], config["height"], config["width"], config["channels"])
    return {
        "z": normal(*latent), "k": torch.full((batch,), 500.0), "text": normal(batch, 64, config["text_dim"]),
        "counts": torch.full((batch,), 64, dtype=torch.int64), "target": normal(*latent), "estimate": normal(*latent),
    }


class Engine:
    """A process that runs one case when told."""

    def __init__(self, name, command):
        self.name = name
        begun = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.read()
        self.first = self.ask({"repeat": 1})["seconds"][0]
        self.start_up = time.perf_counter() - begun

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name}: ended with {self.process.wait()}; see above")
        return json.loads(line)

    def ask(self, command):
        print(json.dumps(command), file=self.process.stdin, flush=True)
        return self.read()

    def seconds(self, repeat):
        return statistics.median(self.ask({"repeat": repeat})["seconds"])

    def output(self, path):
        self.ask({"output": str(path)})
        return load_file(path)["y"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def engines(description, kind, options):
    case, threads = json.dumps(description), ["--threads", str(options.threads)]
    serve = [sys.executable, HERE / "serve.py", case] + threads
    variants = {"walt": [options.bin / "engine-benchmark", case] + threads, "eager": serve}
    if not options.eager:
        variants["compiled"] = serve + ["--compile"]
    if kind == "sample" and not options.eager:
        variants["compiled, caching"] = serve + ["--compile", "--cache"]
    return {name: Engine(name, command) for name, command in variants.items()}


def measure(name, kind, config_folder, batch, clip, options):
    folder = model_folder(config_folder, options)
    path = options.work / "inputs.safetensors"
    save_file(inputs(kind, folder, batch, clip), path)
    description = {"kind": kind, "model": str(folder), "inputs": str(path), "steps": 50, "guidance": 3}
    running = engines(description, kind, options)
    results = {n: e.output(options.work / "output.safetensors") for n, e in running.items()}
    # A training step changes the weights: every engine has done as many when its loss is asked for.
    scale = results["eager"].abs().max().item()
    difference = max((results["walt"] - r).abs().max().item() / scale for n, r in results.items() if n != "walt")
    repeat = max(1, math.ceil(0.5 / running["walt"].seconds(1)))
    times = {n: [] for n in running}
    for round in range(options.rounds + 1):
        for n, engine in running.items():
            seconds = engine.seconds(repeat)
            if round > 0:
                times[n].append(seconds)
    for engine in running.values():
        engine.close()
    peers = [n for n in times if n != "walt"]
    ratios = [times["walt"][i] / min(times[n][i] for n in peers) for i in range(options.rounds)]
    return {
        "case": name, "seconds": {n: statistics.median(t) for n, t in times.items()}, "ratios": sorted(ratios),
        "difference": difference, "start_up": {n: e.start_up for n, e in running.items()},
    }


def row(result):
    milliseconds = {n: f"{1000 * s:.1f}" for n, s in result["seconds"].items()}
    ratios = result["ratios"]
    caching = milliseconds.get("compiled, caching")
    compiled = milliseconds.get("compiled", "–") + (f" ({caching} caching)" if caching else "")
    return (
        f"| {result['case']} | {milliseconds['walt']} | {milliseconds['eager']} | {compiled} | "
        f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) | {result['difference']:.0e} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of the cases to run")
    parser.add_argument("--eager", action="store_true", help="without torch.compile, which takes minutes to begin")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    floor = json.loads(subprocess.run(
        [options.bin / "engine-benchmark", "--threads", str(options.threads)], check=True, capture_output=True).stdout)
    print(f"{options.threads} threads; OpenBLAS sgemm {floor['sgemm_gflops'][0]:.0f} GFLOP/s, "
          f"memory {floor['bandwidth_gb'][0]:.1f} GB/s; PyTorch {torch.__version__}\n")
    print("| case | walt ms | eager ms | compiled ms | walt / best (range) | largest difference |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    results = []
    for case in CASES:
        if options.only and not any(part in case[0] for part in options.only):
            continue
        results.append(measure(*case, options))
        print(row(results[-1]), flush=True)
    if results:
        start = results[0]["start_up"]
        print("\nProcess start to the end of the first pass, seconds: "
              + ", ".join(f"{n} {s:.2f}" for n, s in start.items()) + f" ({results[0]['case']})")
    if options.json:
        options.json.write_text(json.dumps({"floor": floor, "results": results}, indent=1))


main()
