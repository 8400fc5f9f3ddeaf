"""The causal 3D autoencoder of W.A.L.T for PyTorch, channels last, for whole clips."""

import torch
import torch.nn.functional as F


class Autoencoder(torch.nn.Module):
    def __init__(self, config, weights):
        super().__init__()
        self.config = config
        self.names = {name: name.replace(".", "/") for name in weights}
        for name, value in weights.items():
            value = value.float()
            if value.dim() == 5:
                value = value.to(memory_format=torch.channels_last_3d)
            self.register_parameter(self.names[name], torch.nn.Parameter(value))

    def weight(self, name):
        return getattr(self, self.names[name])

    def convolution(self, name, x, stride=(1, 1, 1)):
        """Causal: pads k − 1 frames in front; in space as 'SAME'."""
        weight = self.weight(name + ".weight")
        kt, kh, kw = weight.shape[2:]
        if stride[1] == 1:
            if kt > 1:
                x = F.pad(x, (0, 0, 0, 0, kt - 1, 0))
            padding = (0, kh // 2, kw // 2)
        else:
            x, padding = F.pad(x, (0, 1, 0, 1, kt - 1, 0)), 0
        x = x.contiguous(memory_format=torch.channels_last_3d)
        return F.conv3d(x, weight, self.weight(name + ".bias"), stride, padding)

    def norm(self, name, x):
        """Group norm of each frame by itself, then SiLU."""
        b, c, t, h, w = x.shape
        frames = x.permute(0, 2, 1, 3, 4).reshape(b * t, c, h, w)
        frames = F.group_norm(
            frames, self.config["groups"], self.weight(name + ".weight"), self.weight(name + ".bias"), 1e-6)
        return F.silu(frames).view(b, t, c, h, w).permute(0, 2, 1, 3, 4)

    def block(self, name, x):
        h = self.convolution(name + ".conv1", self.norm(name + ".norm1", x))
        h = self.convolution(name + ".conv2", self.norm(name + ".norm2", h))
        return (self.convolution(name + ".skip", x) if name + ".skip.weight" in self.names else x) + h

    def depth_to_space(self, x, bt):
        b, channels, t, h, w = x.shape
        c = channels // (4 * bt)
        x = x.view(b, bt, 2, 2, c, t, h, w).permute(0, 4, 5, 1, 6, 2, 7, 3)
        return x.reshape(b, c, t * bt, h * 2, w * 2)[:, :, bt - 1:]

    def encode(self, pixels):
        """[B, F, H, W, 3] → normalised latents [B, f, H/8, W/8, c]."""
        config = self.config
        levels = len(config["channel_mult"])
        x = self.convolution("encoder.conv_in", pixels.permute(0, 4, 1, 2, 3))
        for level in range(levels):
            for j in range(config["res_blocks"]):
                x = self.block(f"encoder.levels.{level}.blocks.{j}", x)
            if level < levels - 1:
                stride = (2 if config["temporal_down"][level] else 1, 2, 2)
                x = self.convolution(f"encoder.levels.{level}.down", x, stride)
        for j in range(config["mid_blocks"]):
            x = self.block(f"encoder.mid.{j}", x)
        z = self.convolution("encoder.conv_out", self.norm("encoder.norm_out", x)).permute(0, 2, 3, 4, 1)
        return (z[..., :config["latent_channels"]] - self.weight("latent_mean")) / self.weight("latent_std")

    def decode(self, latents):
        """Normalised latents [B, f, h, w, c] → [B, F, 8h, 8w, 3]."""
        config = self.config
        z = latents * self.weight("latent_std") + self.weight("latent_mean")
        x = self.convolution("decoder.conv_in", z.permute(0, 4, 1, 2, 3))
        for j in range(config["mid_blocks"]):
            x = self.block(f"decoder.mid.{j}", x)
        for level in reversed(range(len(config["channel_mult"]))):
            for j in range(config["res_blocks"]):
                x = self.block(f"decoder.levels.{level}.blocks.{j}", x)
            if level > 0:
                x = self.convolution(f"decoder.levels.{level}.up", x)
                x = self.depth_to_space(x, 2 if config["temporal_down"][level - 1] else 1)
        return self.convolution("decoder.conv_out", self.norm("decoder.norm_out", x)).permute(0, 2, 3, 4, 1)
