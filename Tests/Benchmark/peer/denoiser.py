"""The transformer of W.A.L.T for PyTorch, as fast as plain PyTorch makes it: the peer that walt is measured against.

Reads the same config.json and model.safetensors. Attention is `scaled_dot_product_attention` over reshaped windows.
"""

import math

import torch
import torch.nn.functional as F


def layer_norm(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


def gelu(x):
    return F.gelu(x, approximate="tanh")


class Windows:
    """Tokens [B, F, h, w, d] to windows [B·n, tokens, d] and back."""

    def __init__(self, config, spans_time, size):
        self.frames = config["frames"] if spans_time else 1
        self.height, self.width = size

    def split(self, x):
        b, f, h, w, d = x.shape
        t, r, s = self.frames, self.height, self.width
        x = x.view(b, f // t, t, h // r, r, w // s, s, d)
        return x.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(-1, t * r * s, d)

    def join(self, x, shape):
        b, f, h, w, d = shape
        t, r, s = self.frames, self.height, self.width
        x = x.view(b, f // t, h // r, w // s, t, r, s, d)
        return x.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(shape)

    def bias_index(self):
        """Rows of the relative table, flattened, for each pair (query, key)."""
        axes = [torch.arange(n) for n in (self.frames, self.height, self.width)]
        places = torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1)
        offsets = places[:, :, None] - places[:, None, :]
        t, y, x = (o + n - 1 for o, n in zip(offsets, (self.frames, self.height, self.width)))
        return (t * (2 * self.height - 1) + y) * (2 * self.width - 1) + x


class Denoiser(torch.nn.Module):
    """v̂ of latents [B, F, h, w, c], timesteps [B], text [B, n, d_text] with the number of its tokens that count."""

    def __init__(self, config, weights):
        super().__init__()
        self.config = config
        self.names = {name: name.replace(".", "/") for name in weights}
        for name, value in weights.items():
            self.register_parameter(self.names[name], torch.nn.Parameter(value.float()))
        size = (config["height"] // config["patch"], config["width"] // config["patch"])
        in_space = Windows(config, False, config.get("spatial_window", size))
        in_both = Windows(config, True, config["st_window"])
        self.windows = [in_both if i % 2 and config["frames"] > 1 else in_space for i in range(config["layers"])]
        self.cross_windows = in_space
        self.indices = [w.bias_index() for w in self.windows]
        self.heads, self.head_size = config["heads"], config["hidden"] // config["heads"]
        self.fixed_biases = None

    def weight(self, name):
        return getattr(self, self.names[name])

    def linear(self, name, x):
        return F.linear(x, self.weight(name + ".weight"), self.weight(name + ".bias"))

    def mlp(self, name, x):
        return self.linear(name + ".fc2", F.silu(self.linear(name + ".fc1", x)))

    def fix_biases(self):
        """Looks the relative biases up once, as one may where weights do not change."""
        self.fixed_biases = [self.bias(i) for i in range(self.config["layers"])]

    def bias(self, layer):
        if self.fixed_biases is not None:
            return self.fixed_biases[layer]
        table = self.weight(f"layers.{layer}.attn.rel_bias").flatten(0, 2)
        return table[self.indices[layer]].permute(2, 0, 1)[None]

    def timestep_embedding(self, k):
        rates = torch.exp(-math.log(10000) * torch.arange(128, dtype=torch.float64) / 128)
        angles = k.double()[:, None] * rates
        return self.mlp("time_mlp", torch.cat([angles.cos(), angles.sin()], -1).float())

    def prepare_text(self, text, counts):
        """What depends on the text alone: pooled vector, keys and values of each layer, the mask of padding."""
        mask = torch.arange(text.shape[1])[None] < counts[:, None]
        pooled = None
        if self.config.get("text_pool", True):
            mean = (text * mask[..., None]).sum(1) / counts[:, None]
            pooled = self.mlp("text_pool", mean)
        tokens = self.linear("text_proj", text)
        layers = [self.keys_values(i, tokens) for i in range(self.config["layers"])]
        return pooled, layers, None if bool(mask.all()) else mask

    def keys_values(self, layer, x):
        """[B, n, d] → keys, normalised, and values, [B, H, n, d/H]."""
        name = f"layers.{layer}.cross"
        k, v = self.linear(name + ".kv", x).view(*x.shape[:2], 2, self.heads, self.head_size).permute(2, 0, 3, 1, 4)
        return layer_norm(k) * self.weight(name + ".k_scale"), v

    def self_attention(self, layer, h):
        name, windows = f"layers.{layer}.attn", self.windows[layer]
        x = windows.split(h)
        qkv = self.linear(name + ".qkv", x).view(*x.shape[:2], 3, self.heads, self.head_size)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        q = layer_norm(q) * self.weight(name + ".q_scale")
        k = layer_norm(k) * self.weight(name + ".k_scale")
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias(layer))
        return windows.join(self.linear(name + ".proj", y.transpose(1, 2).flatten(2)), h.shape)

    def cross_attention(self, layer, x, text, mask):
        name, windows = f"layers.{layer}.cross", self.cross_windows
        norm = F.layer_norm(x, x.shape[-1:], self.weight(name + ".norm.weight"), self.weight(name + ".norm.bias"), 1e-6)
        own = windows.split(norm)
        each = own.shape[0] // x.shape[0]
        q = self.linear(name + ".q", own).view(*own.shape[:2], self.heads, self.head_size).transpose(1, 2)
        q = layer_norm(q) * self.weight(name + ".q_scale")
        k, v = self.keys_values(layer, own)
        text_k, text_v = (t.repeat_interleave(each, 0) for t in text)
        allowed = None
        if mask is not None:
            own_allowed = torch.ones(mask.shape[0], own.shape[1], dtype=torch.bool)
            allowed = torch.cat([own_allowed, mask], 1).repeat_interleave(each, 0)[:, None, None]
        y = F.scaled_dot_product_attention(q, torch.cat([k, text_k], 2), torch.cat([v, text_v], 2), attn_mask=allowed)
        return windows.join(self.linear(name + ".proj", y.transpose(1, 2).flatten(2)), x.shape)

    def modulation(self, layer, u):
        name = f"layers.{layer}."
        if self.config["adaln"] == "lora":
            low_rank = F.linear(F.linear(u, self.weight(name + "adaln_down")), self.weight(name + "adaln_up"))
            a = self.linear("adaln", F.silu(u)) + low_rank
        else:
            a = self.linear(name + "adaln", F.silu(u))
        return a[:, None, None, None].chunk(6, -1)

    def embed(self, z, estimate):
        parts = [z]
        if self.config["self_cond"]:
            parts.append(torch.zeros_like(z) if estimate is None else estimate)
        if self.config["frame_pred"]:
            parts += [torch.zeros_like(z), torch.zeros_like(z[..., :1])]
        x, p = torch.cat(parts, -1), self.config["patch"]
        b, f, h, w, c = x.shape
        x = x.view(b, f, h // p, p, w // p, p, c).permute(0, 1, 2, 4, 3, 5, 6).reshape(b, f, h // p, w // p, -1)
        return self.linear("patch", x) + self.weight("pos_space") + self.weight("pos_time")[:, None, None]

    def forward(self, z, timesteps, text=None, estimate=None):
        x = self.embed(z, estimate)
        u = self.timestep_embedding(timesteps)
        if text is not None and text[0] is not None:
            u = u + text[0]
        for layer in range(self.config["layers"]):
            g1, g2, b1, b2, a1, a2 = self.modulation(layer, u)
            x = x + a1 * self.self_attention(layer, (1 + g1) * layer_norm(x) + b1)
            if text is not None:
                x = x + self.cross_attention(layer, x, text[1][layer], text[2])
            name = f"layers.{layer}.mlp"
            h = gelu(self.linear(name + ".fc1", (1 + g2) * layer_norm(x) + b2))
            x = x + a2 * self.linear(name + ".fc2", h)
        gamma, beta = self.linear("final.adaln", F.silu(u))[:, None, None, None].chunk(2, -1)
        y = self.linear("final.proj", (1 + gamma) * layer_norm(x) + beta)
        b, f, h, w, _ = y.shape
        p, c = self.config["patch"], self.config["channels"]
        return y.view(b, f, h, w, p, p, c).permute(0, 1, 2, 4, 3, 5, 6).reshape(b, f, h * p, w * p, c)
