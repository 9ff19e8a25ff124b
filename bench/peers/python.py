"""
NumPy or PyTorch as a peer of `npm run bench`: driven by python.ts over a pipe, see there for the form of messages.
Each case is a function that gives (run, result): run() is what is timed, result(request) what is verified.
Started as: python.py LIBRARY THREADS
"""

import json
import re
import resource
import sys
import time

import numpy as np

library, threads = sys.argv[1], int(sys.argv[2])
if library == "torch":
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)


def matmul(request, arrays):
    m, n, k = request["m"], request["n"], request["k"]
    a, b = arrays[0].reshape(m, k), arrays[1].reshape(k, n)
    if library == "numpy":
        run = lambda: a @ b
    else:
        ta, tb = torch.from_numpy(a), torch.from_numpy(b)
        run = lambda: (ta @ tb).numpy()
    return run, lambda _: run()


def trained(model, loss_of, arrays, optimize=lambda parameters: torch.optim.Adam(parameters, lr=1e-3)):
    """A training step, from the parameters that were sent; the losses of the first steps are its result."""
    for p in model.parameters():
        p.data = torch.from_numpy(arrays.pop(0)).reshape(p.shape)
    x, y = (torch.from_numpy(array) for array in arrays)
    optimizer = optimize(model.parameters())

    def run():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model, x, y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run, lambda request: np.array([run() for _ in range(request["steps"])], np.float32)


def linear(_, arrays):
    """Linear(10, 5), relu, Linear(5, 1) over 100 rows; mean squared error."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1))
    mse = nn.MSELoss()
    return trained(model, lambda f, x, y: mse(f(x.view(100, 10)), y.view(100, 1)), arrays)


def mlp(_, arrays):
    """784-512-256-10 over a batch of 64; cross-entropy."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    cross_entropy = nn.CrossEntropyLoss()
    return trained(model, lambda f, x, y: cross_entropy(f(x.view(64, 784)), y.long()), arrays)


def cnn(_, arrays):
    """16 and 32 channels of 3×3 with pooling, 1568-128-10, over a batch of 64 images of 28×28; cross-entropy."""
    nn = torch.nn
    features = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    features += [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*features, nn.Flatten(), nn.Linear(1568, 128), nn.ReLU(), nn.Linear(128, 10))
    cross_entropy = nn.CrossEntropyLoss()
    return trained(model, lambda f, x, y: cross_entropy(f(x.view(64, 1, 28, 28)), y.long()), arrays)


def lstm(_, arrays):
    """LSTM 64→128 over 64 steps, batch of 16, ten classes from its last output; cross-entropy."""
    nn = torch.nn
    model = nn.ModuleList([nn.LSTM(64, 128), nn.Linear(128, 10)])
    cross_entropy = nn.CrossEntropyLoss()

    def loss(model, x, y):
        read, classify = model
        return cross_entropy(classify(read(x.view(64, 16, 64))[0][-1]), y.long())

    return trained(model, loss, arrays)


def gpt(_, arrays):
    """nanoGPT with 4 layers of 4 heads, width 128, 64 tokens of 65 kinds, batch of 16; cross-entropy, AdamW."""
    nn, functional = torch.nn, torch.nn.functional
    B, T, C, H, V = 16, 64, 128, 4, 65
    hidden = torch.ones(T, T).tril() == 0

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.qkv, self.proj = nn.LayerNorm(C), nn.Linear(C, 3 * C), nn.Linear(C, C)
            self.norm2, self.fc1, self.fc2 = nn.LayerNorm(C), nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

        def forward(self, x):
            q, k, v = (z.view(B, T, H, C // H).transpose(1, 2) for z in self.qkv(self.norm1(x)).split(C, dim=2))
            scores = (q @ k.transpose(-2, -1)) * (C // H) ** -0.5
            seen = scores.masked_fill(hidden, float("-inf")).softmax(-1) @ v
            x = x + self.proj(seen.transpose(1, 2).reshape(B, T, C))
            return x + self.fc2(functional.gelu(self.fc1(self.norm2(x))))

    class Gpt(nn.Module):
        def __init__(self):
            super().__init__()
            self.token, self.position = nn.Embedding(V, C), nn.Embedding(T, C)
            self.blocks, self.norm = nn.Sequential(*(Block() for _ in range(4))), nn.LayerNorm(C)

        def forward(self, tokens):
            x = self.blocks(self.token(tokens) + self.position.weight)
            return self.norm(x) @ self.token.weight.T

    def loss(model, x, y):
        return functional.cross_entropy(model(x.view(B, T).long()).view(B * T, V), y.long())

    return trained(Gpt(), loss, arrays, lambda parameters: torch.optim.AdamW(parameters, lr=1e-3))


makers = {"matmul": matmul, "linear": linear, "mlp": mlp, "cnn": cnn, "lstm": lstm, "gpt": gpt}
cases = {}


def about():
    version = sys.modules[library].__version__
    return {"about": f"{library} {version}, Python {sys.version.split()[0]}", "makers": list(makers)}


def peak():
    """The greatest memory of this process, in bytes. See peakKiB in processes.ts."""
    if sys.platform == "linux":
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def timed(run, seconds):
    """Seconds per run: so many runs in one go that they fill the time, at least one."""
    count, clock = 1, time.perf_counter
    while True:
        start = clock()
        for _ in range(count):
            run()
        took = clock() - start
        if took >= 0.9 * seconds:
            return took / count
        count = max(2 * count, int(count * 1.05 * seconds / max(took, 1e-9))) if took < 0.5 * seconds else count + max(1, count // 4)


def answer(request, arrays):
    what = request["do"]
    if what == "about":
        return about(), []
    if what == "make":
        cases[request["id"]] = makers[request["what"]](request, arrays)
        return {}, []
    if what == "peak":
        return {"peak": peak()}, []
    run, result = cases[request["id"]]
    if what == "result":
        return {}, [np.ascontiguousarray(result(request), np.float32)]
    return {"seconds": timed(run, request["seconds"])}, []


read, write = sys.stdin.buffer, sys.stdout.buffer
while line := read.readline():
    request = json.loads(line)
    arrays = [np.frombuffer(bytearray(read.read(4 * n)), np.float32) for n in request["sizes"]]
    try:
        head, out = answer(request, arrays)
    except Exception as error:  # told to whoever asked
        head, out = {"error": f"{type(error).__name__}: {error}"}, []
    write.write(json.dumps({**head, "sizes": [x.size for x in out]}).encode() + b"\n")
    for x in out:
        write.write(x.tobytes())
    write.flush()
