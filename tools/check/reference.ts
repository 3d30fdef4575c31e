import { currentSettingsReference } from '../settings-reference.ts';
import { readSource } from './sources.ts';
import type { Step } from './step.ts';

export const referenceStep: Step = {
  name: 'references',
  advice: 'Run `npm run gen` and commit docs/ with the change of the settings or commands.',
  async run() {
    const problems: string[] = [];
    if (readSource('docs/settings.md') !== (await currentSettingsReference()))
      problems.push('docs/settings.md: differs');
    return { problems };
  },
};
