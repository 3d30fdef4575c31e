import { commandReference } from '../../cli/reference.ts';
import { currentSettingsReference } from '../settings-reference.ts';
import { readSource } from './sources.ts';
import type { Step } from './step.ts';

export const referenceStep: Step = {
  name: 'references',
  advice: 'Run `npm run gen` and commit docs/ with the change of the settings or commands.',
  async run() {
    const references = { 'docs/settings.md': await currentSettingsReference(), 'docs/cli.md': commandReference() };
    const stale = Object.entries(references).filter(([path, text]) => readSource(path) !== text);
    return { problems: stale.map(([path]) => `${path}: differs`) };
  },
};
