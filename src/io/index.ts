/** Tensors as files. `adjoint/io/safetensors` is the part of it that needs no Node: bytes in, bytes out. */
export { FileError } from '../array/errors.ts';
export { decodeSafetensors, encodeSafetensors, type SafetensorsContent } from './safetensors.ts';
export { decodeText } from './utf8.ts';
export { loadSafetensors, readText, saveSafetensors, writeFileAtomic } from './files.ts';
export { decodeNpy, encodeNpy } from './npy.ts';
export { loadNpy, loadNpz, saveNpy, saveNpz } from './npz.ts';
export { loadCheckpoint, saveCheckpoint, type Tree } from './checkpoint.ts';
