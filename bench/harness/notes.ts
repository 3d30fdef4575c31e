/** Said wherever agents are not whole ones. */
export const simulatedNote =
  'Muster’s agents are simulated: the real agent’s session code with an in-process executor, many in one process.';
