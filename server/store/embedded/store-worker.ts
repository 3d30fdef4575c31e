import type { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { LockedError, openDatabase } from './database.ts';
import { Engine } from './engine.ts';
import type { Answer, Question, Report } from './protocol.ts';

/** What the worker is started with. */
export interface StoreWorkerData {
  readonly path: string;
  /** Revisions of history that are kept, at least. */
  readonly historyRevisions: number;
}

/** The thread that owns the database. Whatever is waiting when it looks is one group: one fsync, then all answers. */
class StoreWorker {
  readonly #port: MessagePort;
  readonly #database: DatabaseSync;
  readonly #engine: Engine;
  readonly #historyRevisions: number;
  #compacting = false;

  constructor(port: MessagePort, database: DatabaseSync, historyRevisions: number) {
    this.#port = port;
    this.#database = database;
    this.#historyRevisions = historyRevisions;
    this.#engine = new Engine(database);
  }

  start(): void {
    let voided = 0;
    this.#inTransaction(() => {
      voided = this.#engine.revokeAll();
    });
    this.#engine.takeChanges();
    this.#report({ kind: 'ready', revision: this.#engine.revision, voided });
    this.#port.on('message', (questions: Question[]) => this.#serve(questions));
  }

  #serve(first: Question[]): void {
    const questions = [...first];
    for (let more = receiveMessageOnPort(this.#port); more !== undefined; more = receiveMessageOnPort(this.#port)) {
      questions.push(...(more.message as Question[]));
    }
    const closing = questions.find(({ kind }) => kind === 'close');
    let answers: Answer[] = [];
    try {
      this.#inTransaction(() => {
        answers = questions.map((question) => ({ id: question.id, value: this.#answer(question) }));
      });
    } catch (error) {
      // None of the group happened: a full disk is the usual reason.
      const text = (error as Error).message;
      answers = questions.map(({ id, kind }) => (kind === 'close' ? { id } : { id, error: text }));
    }
    if (closing !== undefined) this.#database.close();
    this.#report({ kind: 'answers', answers, changes: this.#engine.takeChanges() });
    if (closing !== undefined) this.#port.close();
    else this.#compact();
  }

  #answer(question: Question): unknown {
    const engine = this.#engine;
    switch (question.kind) {
      case 'commit':
        return engine.commit(question.transaction);
      case 'get':
        return engine.get(question.key);
      case 'list':
        return engine.list(question.prefix, question.options);
      case 'changes':
        return engine.changes(question.prefix, question.from, question.limit);
      case 'revoke':
        return engine.revoke(question.lease);
      case 'revision':
        return engine.revision;
      case 'close':
        return undefined;
    }
  }

  /** Starts a compaction when a tenth more than the history has gathered; it goes in steps, between groups. */
  #compact(): void {
    const bound = this.#engine.revision - this.#historyRevisions;
    if (this.#compacting || bound - this.#engine.compacted < Math.max(1, this.#historyRevisions / 10)) return;
    this.#compacting = true;
    const step = (): void => {
      let more = false;
      try {
        this.#inTransaction(() => {
          more = this.#engine.compact(bound);
        });
      } catch {
        // Tried again after a later commit.
      }
      if (more && this.#database.isOpen) setImmediate(step);
      else this.#compacting = false;
    };
    step();
  }

  #inTransaction(action: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      action();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#engine.reload();
      throw error;
    }
  }

  #report(report: Report): void {
    this.#port.postMessage(report);
  }
}

if (parentPort !== null) {
  const { path, historyRevisions } = workerData as StoreWorkerData;
  try {
    new StoreWorker(parentPort, openDatabase(path), historyRevisions).start();
  } catch (error) {
    const failed: Report = { kind: 'failed', locked: error instanceof LockedError, error: (error as Error).message };
    parentPort.postMessage(failed);
  }
}
