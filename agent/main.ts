import { slimStart } from './slim-start.ts';

const load = () => import('./program.ts');

await slimStart(load);
await (await load()).program();
