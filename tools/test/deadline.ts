// Loaded into every test process. Node bounds tests but not files: one whose tests have ended and which still holds a timer,
// a socket or a child would keep `npm test` waiting for ever.
const deadlineMs = Number(process.env.MUSTER_TEST_FILE_DEADLINE_MS);

const timer = setTimeout(() => {
  const held = process.getActiveResourcesInfo().join(', ') || 'nothing that Node lists';
  process.stderr.write(`${process.argv[1]}: not done after ${deadlineMs} ms; it holds ${held}\n`);
  process.exit(1);
}, deadlineMs);
timer.unref();
