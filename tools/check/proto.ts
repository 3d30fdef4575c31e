import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { previousCommit } from './previous.ts';
import { root } from './program.ts';
import type { Finding, Step } from './step.ts';

export const generatedStep: Step = {
  name: 'generated types',
  advice: 'Run `npm run gen` and commit proto/gen with the change of proto/.',
  run: () =>
    inTemporaryFolder(async (folder) => {
      const fresh = join(folder, 'gen');
      const made = await execa(process.execPath, ['tools/gen.ts', fresh], { cwd: root, reject: false, all: true });
      if (made.exitCode !== 0) return { problems: [made.all] };
      return { problems: differences(join(root, 'proto/gen'), fresh) };
    }),
};

/** Relative paths of files that are only in one folder or not the same in both. */
export function differences(committed: string, fresh: string): string[] {
  const [old, now] = [contents(committed), contents(fresh)];
  const problems: string[] = [];
  for (const path of new Set([...old.keys(), ...now.keys()])) {
    const [before, after] = [old.get(path), now.get(path)];
    if (before === undefined) problems.push(`${path}: missing`);
    else if (after === undefined) problems.push(`${path}: no longer generated`);
    else if (!before.equals(after)) problems.push(`${path}: differs`);
  }
  return problems;
}

function contents(folder: string): Map<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

export const breakingStep: Step = {
  name: 'buf breaking',
  advice:
    'A message once published keeps its meaning: take a new field number or a new RPC and leave the old one (removed fields ' +
    'become `reserved`).',
  async run(): Promise<Finding> {
    const base = await baseCommit();
    if (base.commit === undefined) return { problems: base.problem ? [base.problem] : [], notes: [base.note] };
    const { commit, note } = base;
    return inTemporaryFolder(async (folder) => {
      const archive = await execa('git', ['archive', '--format=tar', commit, 'proto', 'buf.yaml'], {
        cwd: root,
        encoding: 'buffer',
      });
      await execa('tar', ['-x', '-C', folder], { input: archive.stdout });
      const options = { preferLocal: true, cwd: root, reject: false, all: true } as const;
      const done = await execa('buf', ['breaking', '--against', folder], options);
      return { problems: done.exitCode === 0 ? [] : [done.all], notes: [note] };
    });
  },
};

type Base =
  | { commit: string; note: string; problem?: undefined }
  | { commit?: undefined; note: string; problem?: string };

async function baseCommit(): Promise<Base> {
  const exists = async (name: string): Promise<string | undefined> => {
    const found = await execa('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
      cwd: root,
      reject: false,
    });
    return found.exitCode === 0 ? found.stdout.trim() : undefined;
  };
  const previous = previousCommit();
  if (previous !== undefined) {
    const commit = await exists(previous);
    if (commit !== undefined) return { commit, note: `against test/compat/previous, ${commit.slice(0, 12)}` };
    const problem = `test/compat/previous names ${previous}, which this clone lacks; git fetch --unshallow brings it`;
    return { note: 'no base', problem };
  }
  // Until a release is named nothing is promised to anybody but the tip that others work from.
  for (const name of ['refs/remotes/origin/main', 'refs/heads/main', 'HEAD']) {
    const commit = await exists(name);
    const tree = commit && (await exists(commit)) && (await hasProto(commit));
    if (commit && tree)
      return { commit, note: `against ${name}, ${commit.slice(0, 12)}; test/compat/previous is empty` };
  }
  return { note: 'nothing to compare with: no git history with proto/ here' };
}

async function hasProto(commit: string): Promise<boolean> {
  const listed = await execa('git', ['ls-tree', '--name-only', commit, 'proto', 'buf.yaml'], {
    cwd: root,
    reject: false,
  });
  return listed.stdout.split('\n').length === 2;
}

async function inTemporaryFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-check-'));
  try {
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
