/** What the bench asks of a process that it started, over Node's channel between parent and child. */
export interface Ask {
  readonly id: number;
  readonly ask: string;
  readonly args: unknown;
}

export interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: each handler knows what it is asked with
export type AskHandlers = Readonly<Record<string, (args: any) => unknown>>;

/** Answers the asks named in `handlers`, leaves others to other listeners, and does not keep the process alive. */
export function answerAsks(handlers: AskHandlers): void {
  process.on('message', (message: Ask) => {
    const handler = handlers[message.ask];
    if (handler !== undefined) void answer(message, handler);
  });
  process.channel?.unref();
}

async function answer({ id, args }: Ask, handler: (args: unknown) => unknown): Promise<void> {
  try {
    reply({ id, answer: await handler(args) });
  } catch (error) {
    reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

/** As `answerAsks`, in a program of the bench itself: says that it is ready, and stays until it is ended. */
export function serveAsks(handlers: AskHandlers): void {
  answerAsks(handlers);
  setInterval(() => {}, 2 ** 30);
  process.stdout.write(`${readyText}\n`);
}

export const readyText = 'bench program is ready';

const reply = (message: Answer): void => {
  process.send?.(message);
};
