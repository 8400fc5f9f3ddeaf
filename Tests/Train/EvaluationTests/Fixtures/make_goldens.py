"""Makes features.json, what PyTorch, SciPy and scikit-image give for the networks and measures of walt-train evaluate,
and perceptual.json in TrainingTests, what LPIPS and its gradient are.

Needs torch, numpy, scipy, scikit-image. Weights and inputs are not stored: both sides draw them from Philox4x32-10, as
NoiseStream of the package does (seed, purpose 0x2F00, item = FNV-1a of the name).

The networks are written down here from their definitions: Inception-v3 as pytorch-fid patches torchvision's, I3D as
piergiaj/pytorch-i3d has it.
"""
import json
import os

import numpy as np
import scipy.linalg
import torch
import torch.nn as nn
import torch.nn.functional as F

M = np.uint64(0xFFFFFFFF)


def philox(key, counter):
    c = [np.asarray(x, np.uint64) for x in counter]
    k0, k1 = key
    for _ in range(10):
        a = np.uint64(0xD2511F53) * c[0]
        b = np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), b & M, (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), a & M]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def fnv(name):
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def uniforms(name, shape, low, high):
    count = int(np.prod(shape))
    blocks = np.arange((count + 3) // 4, dtype=np.uint64)
    zero = np.zeros_like(blocks)
    words = philox((0, 0), [blocks, zero + np.uint64(fnv(name)), zero, zero + np.uint64(0x2F00)])
    flat = np.stack(words, 1).reshape(-1)[:count].astype(np.float64) * 2.0**-32
    return torch.tensor((low + (high - low) * flat).astype(np.float32).reshape(shape))


def draw(name, shape):
    """A weight by its name, such that activations keep their size and every part of a normalisation matters."""
    last = name.split(".")[-1]
    if last == "running_var" or (last == "weight" and ".bn." in name):
        return uniforms(name, shape, 0.5, 1.5)
    if len(shape) == 1:
        return uniforms(name, shape, -0.2, 0.2)
    bound = (6 / np.prod(shape[1:])) ** 0.5
    return uniforms(name, shape, -bound, bound)


def fill(module):
    state = module.state_dict()
    for name, value in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = draw(name, tuple(value.shape))
    module.load_state_dict(state)
    return module.eval()


# Inception-v3 ---------------------------------------------------------------------------------------------------------


class Conv(nn.Module):
    def __init__(self, i, o, k, s=1, p=0):
        super().__init__()
        self.conv = nn.Conv2d(i, o, k, s, p, bias=False)
        self.bn = nn.BatchNorm2d(o, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


def mean3(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class A(nn.Module):
    def __init__(self, i, pool):
        super().__init__()
        self.branch1x1 = Conv(i, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = Conv(i, 48, 1), Conv(48, 64, 5, p=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2, self.branch3x3dbl_3 = (
            Conv(i, 64, 1), Conv(64, 96, 3, p=1), Conv(96, 96, 3, p=1))
        self.branch_pool = Conv(i, pool, 1)

    def forward(self, x):
        return torch.cat([
            self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))), self.branch_pool(mean3(x))], 1)


class B(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.branch3x3 = Conv(i, 384, 3, 2)
        self.branch3x3dbl_1, self.branch3x3dbl_2, self.branch3x3dbl_3 = (
            Conv(i, 64, 1), Conv(64, 96, 3, p=1), Conv(96, 96, 3, 2))

    def forward(self, x):
        return torch.cat([
            self.branch3x3(x), self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
            F.max_pool2d(x, 3, 2)], 1)


class C(nn.Module):
    def __init__(self, c):
        super().__init__()
        h, v = dict(k=(1, 7), p=(0, 3)), dict(k=(7, 1), p=(3, 0))
        self.branch1x1 = Conv(768, 192, 1)
        self.branch7x7_1, self.branch7x7_2, self.branch7x7_3 = Conv(768, c, 1), Conv(c, c, **h), Conv(c, 192, **v)
        self.branch7x7dbl_1, self.branch7x7dbl_2, self.branch7x7dbl_3 = Conv(768, c, 1), Conv(c, c, **v), Conv(c, c, **h)
        self.branch7x7dbl_4, self.branch7x7dbl_5 = Conv(c, c, **v), Conv(c, 192, **h)
        self.branch_pool = Conv(768, 192, 1)

    def forward(self, x):
        d = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        return torch.cat([
            self.branch1x1(x), self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x))),
            self.branch7x7dbl_5(self.branch7x7dbl_4(d)), self.branch_pool(mean3(x))], 1)


class D(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = Conv(768, 192, 1), Conv(192, 320, 3, 2)
        self.branch7x7x3_1, self.branch7x7x3_2 = Conv(768, 192, 1), Conv(192, 192, (1, 7), p=(0, 3))
        self.branch7x7x3_3, self.branch7x7x3_4 = Conv(192, 192, (7, 1), p=(3, 0)), Conv(192, 192, 3, 2)

    def forward(self, x):
        d = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), d, F.max_pool2d(x, 3, 2)], 1)


class E(nn.Module):
    def __init__(self, i, maximum):
        super().__init__()
        h, v = dict(k=(1, 3), p=(0, 1)), dict(k=(3, 1), p=(1, 0))
        self.maximum = maximum
        self.branch1x1 = Conv(i, 320, 1)
        self.branch3x3_1, self.branch3x3_2a, self.branch3x3_2b = Conv(i, 384, 1), Conv(384, 384, **h), Conv(384, 384, **v)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(i, 448, 1), Conv(448, 384, 3, p=1)
        self.branch3x3dbl_3a, self.branch3x3dbl_3b = Conv(384, 384, **h), Conv(384, 384, **v)
        self.branch_pool = Conv(i, 192, 1)

    def forward(self, x):
        a = self.branch3x3_1(x)
        b = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pool = F.max_pool2d(x, 3, 1, 1) if self.maximum else mean3(x)
        return torch.cat([
            self.branch1x1(x), self.branch3x3_2a(a), self.branch3x3_2b(a), self.branch3x3dbl_3a(b),
            self.branch3x3dbl_3b(b), self.branch_pool(pool)], 1)


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3, self.Conv2d_2b_3x3 = Conv(3, 32, 3, 2), Conv(32, 32, 3), Conv(32, 64, 3, p=1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Conv(64, 80, 1), Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = A(192, 32), A(256, 64), A(288, 64)
        self.Mixed_6a = B(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = C(128), C(160), C(160), C(192)
        self.Mixed_7a, self.Mixed_7b, self.Mixed_7c = D(), E(1280, False), E(2048, True)
        self.fc = nn.Linear(2048, 1008)

    def forward(self, x):
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, 2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return F.adaptive_avg_pool2d(x, 1).flatten(1)


# I3D ------------------------------------------------------------------------------------------------------------------


def same(x, kernel, stride):
    pads = []
    for n, k, s in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride)):
        total = max(k - s, 0) if n % s == 0 else max(k - n % s, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def pool(x, kernel, stride):
    return F.max_pool3d(same(x, kernel, stride), kernel, stride)


class Unit(nn.Module):
    def __init__(self, i, o, k=(1, 1, 1), s=(1, 1, 1), plain=False):
        super().__init__()
        self.k, self.s = k, s
        self.conv3d = nn.Conv3d(i, o, k, s, bias=plain)
        if not plain:
            self.bn = nn.BatchNorm3d(o, eps=0.001)

    def forward(self, x):
        x = self.conv3d(same(x, self.k, self.s))
        return F.relu(self.bn(x)) if hasattr(self, "bn") else x


class Mixed(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        k = (3, 3, 3)
        self.b0 = Unit(i, o[0])
        self.b1a, self.b1b = Unit(i, o[1]), Unit(o[1], o[2], k)
        self.b2a, self.b2b = Unit(i, o[3]), Unit(o[3], o[4], k)
        self.b3b = Unit(i, o[5])

    def forward(self, x):
        return torch.cat([
            self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pool(x, (3, 3, 3), (1, 1, 1)))], 1)


class I3D(nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv3d_1a_7x7 = Unit(3, 64, (7, 7, 7), (2, 2, 2))
        self.Conv3d_2b_1x1, self.Conv3d_2c_3x3 = Unit(64, 64), Unit(64, 192, (3, 3, 3))
        self.Mixed_3b, self.Mixed_3c = Mixed(192, [64, 96, 128, 16, 32, 32]), Mixed(256, [128, 128, 192, 32, 96, 64])
        self.Mixed_4b, self.Mixed_4c = Mixed(480, [192, 96, 208, 16, 48, 64]), Mixed(512, [160, 112, 224, 24, 64, 64])
        self.Mixed_4d, self.Mixed_4e = Mixed(512, [128, 128, 256, 24, 64, 64]), Mixed(512, [112, 144, 288, 32, 64, 64])
        self.Mixed_4f, self.Mixed_5b = Mixed(528, [256, 160, 320, 32, 128, 128]), Mixed(832, [256, 160, 320, 32, 128, 128])
        self.Mixed_5c = Mixed(832, [384, 192, 384, 48, 128, 128])
        self.logits = Unit(1024, 400, plain=True)

    def forward(self, x):
        x = pool(self.Conv3d_1a_7x7(x), (1, 3, 3), (1, 2, 2))
        x = pool(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)), (1, 3, 3), (1, 2, 2))
        x = pool(self.Mixed_3c(self.Mixed_3b(x)), (3, 3, 3), (2, 2, 2))
        x = self.Mixed_4f(self.Mixed_4e(self.Mixed_4d(self.Mixed_4c(self.Mixed_4b(x)))))
        x = self.Mixed_5c(self.Mixed_5b(pool(x, (2, 2, 2), (2, 2, 2))))
        # At 224 pixels the picture has 7 × 7 places here, and the kernel is [2, 7, 7].
        x = F.avg_pool3d(x, (2, x.shape[3], x.shape[4]), (1, 1, 1))
        return self.logits(x).flatten(2).mean(2)


# LPIPS ----------------------------------------------------------------------------------------------------------------


def lpips(x, y):
    """The lpips package's distance on VGG-16, weights drawn, summed over stages, the mean of pictures [N, 3, H, W]."""
    shift = torch.tensor([-0.030, -0.088, -0.188])[None, :, None, None]
    scale = torch.tensor([0.458, 0.448, 0.450])[None, :, None, None]
    x, y, inputs, total = (x - shift) / scale, (y - shift) / scale, 3, 0
    layout = [([0, 2], 64), ([5, 7], 128), ([10, 12, 14], 256), ([17, 19, 21], 512), ([24, 26, 28], 512)]
    for stage, (places, channels) in enumerate(layout):
        if stage:
            x, y = F.max_pool2d(x, 2, 2), F.max_pool2d(y, 2, 2)
        for place in places:
            weight = draw(f"features.{place}.weight", (channels, inputs, 3, 3))
            bias = draw(f"features.{place}.bias", (channels,))
            x, y, inputs = F.relu(F.conv2d(x, weight, bias, 1, 1)), F.relu(F.conv2d(y, weight, bias, 1, 1)), channels
        lin = uniforms(f"lin{stage}.model.1.weight", (1, channels, 1, 1), 0, 1)

        def unit(z):
            return z / (torch.sqrt((z**2).sum(1, keepdim=True)) + 1e-10)

        total = total + F.conv2d((unit(x) - unit(y)) ** 2, lin).mean((2, 3))
    return total.mean()


# Measures -------------------------------------------------------------------------------------------------------------


def frechet(a, b):
    """As pytorch-fid computes it."""
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(ca @ cb)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb) - 2 * np.trace(root.real))


def inception_score(logits, size):
    p = torch.softmax(torch.tensor(logits, dtype=torch.float64), 1).numpy()
    scores = []
    for start in range(0, len(p) - size + 1, size):
        part = p[start:start + size]
        kl = part * (np.log(part) - np.log(part.mean(0, keepdims=True)))
        scores.append(np.exp(kl.sum(1).mean()))
    return [float(np.mean(scores)), float(np.std(scores))]


def main():
    from skimage.metrics import structural_similarity

    golden = {}
    with torch.no_grad():
        inception = fill(Inception())
        small = uniforms("pictures", (2, 91, 83, 3), -1, 1).permute(0, 3, 1, 2)
        golden["inception"] = inception(small)[:, ::64].tolist()
        # One picture through the resizing, too: as FID sees it.
        resized = F.interpolate(small[:1, :, :40, :36], (299, 299), mode="bilinear", align_corners=False)
        features = inception(resized)
        golden["inception_resized"] = features[:, ::64].tolist()
        golden["inception_logits"] = (features @ inception.fc.weight.T)[:, ::32].tolist()
        i3d = fill(I3D())
        clip = uniforms("clips", (2, 17, 64, 48, 3), -1, 1).permute(0, 4, 1, 2, 3)
        golden["i3d"] = i3d(clip)[:, ::10].tolist()
    rows = uniforms("rows", (120, 6), -1, 1).double().numpy()
    mix = uniforms("mix", (6, 6), -1, 1).double().numpy()
    a, b = rows[:50] @ mix, rows[50:] + 0.3
    golden["frechet"] = frechet(a, b)
    # Fewer samples than features: singular covariances.
    wide = uniforms("wide", (14, 20), -1, 1).double().numpy()
    golden["frechet_singular"] = frechet(wide[:7], wide[7:])
    golden["inception_score"] = inception_score(uniforms("logits", (30, 12), -3, 3).double().numpy(), 10)
    x = ((uniforms("x", (24, 30, 3), 0, 255)).numpy()).astype(np.uint8)
    y = np.clip(x.astype(int) // 2 + 40 + (uniforms("y", (24, 30, 3), -30, 30).numpy()).astype(int), 0, 255).astype(np.uint8)
    golden["ssim"] = float(structural_similarity(
        x, y, channel_axis=2, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False))
    write("features.json", golden)
    x = uniforms("output", (2, 3, 32, 36, 3), -1, 1).reshape(6, 32, 36, 3).permute(0, 3, 1, 2).requires_grad_()
    y = uniforms("target", (2, 3, 32, 36, 3), -1, 1).reshape(6, 32, 36, 3).permute(0, 3, 1, 2)
    distance = lpips(x, y)
    (gradient,) = torch.autograd.grad(distance, x)
    gradient = gradient.permute(0, 2, 3, 1).reshape(-1)[::211]
    write("../../TrainingTests/Fixtures/perceptual.json", {"distance": distance.item(), "gradient": gradient.tolist()})


def write(name, golden):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "w") as file:
        json.dump(golden, file)
        file.write("\n")


main()
