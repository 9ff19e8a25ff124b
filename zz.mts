import { setMatmulInstructions } from './src/index.ts';
setMatmulInstructions('fma 256');
await import('./docs/recipes/shakespeare-gpt.ts');
