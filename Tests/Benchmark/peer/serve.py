"""PyTorch's side of the benchmark: loads one case, then runs it as often as each line of standard input says.

    serve.py '{"kind": "forward", "model": FOLDER, "inputs": FILE}' --threads 2 [--compile] [--cache]

{"repeat": n} is answered with {"seconds": [n numbers]}, {"output": FILE} with {} when the result is in the file.
"""

import argparse
import json
import os
import sys
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("case")
arguments.add_argument("--threads", type=int, required=True)
arguments.add_argument("--compile", action="store_true")
arguments.add_argument("--cache", action="store_true", help="text keys and relative biases computed once a sample")
arguments = arguments.parse_args()
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from autoencoder import Autoencoder
from denoiser import Denoiser


def gammas():
    """γ(k): zero terminal SNR, in double precision."""
    roots = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0).sqrt()
    return ((roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])) ** 2


class Case:
    def __init__(self, case):
        self.case = case
        self.inputs = load_file(case["inputs"])
        folder = case["model"]
        with open(folder + "/config.json") as file:
            config = json.load(file)
        weights = load_file(folder + "/model.safetensors")
        self.model = Autoencoder(config, weights) if config["type"] == "walt-ae" else Denoiser(config, weights)
        self.compiled = torch.compile if arguments.compile else (lambda f: f)
        self.run = getattr(self, case["kind"])()

    def text(self, model):
        return model.prepare_text(self.inputs["text"], self.inputs["counts"])

    def forward(self):
        model, inputs = self.model, self.inputs
        model.fix_biases()
        call = self.compiled(lambda z, k, text, counts: model(z, k, model.prepare_text(text, counts)))
        return torch.inference_mode()(lambda: call(inputs["z"], inputs["k"], inputs["text"], inputs["counts"]))

    def sample(self):
        """Guided DDIM, both branches in one batch, with self-conditioning."""
        model, inputs, steps, scale = self.model, self.inputs, self.case["steps"], self.case["guidance"]
        if arguments.cache:
            model.fix_biases()
        text = torch.cat([inputs["text"], torch.zeros_like(inputs["text"])])
        text[1, 0] = model.weight("null_text")[0].detach()
        counts = torch.cat([inputs["counts"], torch.ones_like(inputs["counts"])])
        denoise, levels = self.compiled(model.forward), gammas()

        @torch.inference_mode()
        def run():
            prepared = model.prepare_text(text, counts) if arguments.cache else None
            x, estimate = inputs["z"], torch.zeros_like(inputs["z"])
            for i in range(steps):
                k = (2 * 1000 * (steps - i) + steps) // (2 * steps) - 1
                following = (2 * 1000 * (steps - i - 1) + steps) // (2 * steps) - 1
                g, h = levels[k].item(), levels[following].item() if i + 1 < steps else 1.0
                v = denoise(
                    x.expand(2, -1, -1, -1, -1), torch.full((2,), float(k)), prepared or model.prepare_text(text, counts),
                    estimate.expand(2, -1, -1, -1, -1))
                v = v[1:] + scale * (v[:1] - v[1:])
                estimate = g ** 0.5 * x - (1 - g) ** 0.5 * v
                noise = (1 - g) ** 0.5 * x + g ** 0.5 * v
                x = h ** 0.5 * estimate + (1 - h) ** 0.5 * noise
            return x

        return run

    def decode(self):
        call = self.compiled(self.model.decode)
        return torch.inference_mode()(lambda: call(self.inputs["z"]))

    def encode(self):
        call = self.compiled(self.model.encode)
        return torch.inference_mode()(lambda: call(self.inputs["x"]))

    def train(self):
        """A step of AdamW on the velocity's mean squared error."""
        model, inputs = self.model, self.inputs
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        call = self.compiled(
            lambda z, k, text, counts, estimate: model(z, k, model.prepare_text(text, counts), estimate))

        def run():
            v = call(inputs["z"], inputs["k"], inputs["text"], inputs["counts"], inputs["estimate"])
            loss = F.mse_loss(v, inputs["target"])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            return loss.detach()[None]

        return run


def main():
    torch.set_num_threads(arguments.threads)
    case = Case(json.loads(arguments.case))
    print("{}", flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if "output" in command:
            save_file({"y": case.run().float().contiguous()}, command["output"])
            print("{}", flush=True)
            continue
        seconds = []
        for _ in range(command["repeat"]):
            begun = time.perf_counter()
            case.run()
            seconds.append(time.perf_counter() - begun)
        print(json.dumps({"seconds": seconds}), flush=True)


main()
