// Stops with a message a person can act on where Node is too old for this project. Plain CommonJS that even very old
// versions parse: `node --require ./tools/require-node.cjs …`, or the first line of a script.
'use strict';

var path = require('path');
var root = path.join(__dirname, '..');
var needed = String(require(path.join(root, 'package.json')).engines.node).replace(/[^0-9.]/g, '');
var found = process.versions.node;

function older(left, right) {
  var a = left.split('.').map(Number);
  var b = right.split('.').map(Number);
  for (var at = 0; at < 3; at += 1) {
    if ((a[at] || 0) !== (b[at] || 0)) return (a[at] || 0) < (b[at] || 0);
  }
  return false;
}

function advice() {
  var name = 'node-' + process.platform + '-' + process.arch;
  var wanted = require(path.join(root, 'package.json')).optionalDependencies || {};
  if (!Object.prototype.hasOwnProperty.call(wanted, name)) {
    return (
      'npm brings a Node for linux-x64 and linux-arm64 only, not for ' +
      process.platform +
      '-' +
      process.arch +
      ': install Node ' +
      needed +
      ' or newer yourself, from https://nodejs.org.'
    );
  }
  try {
    require.resolve(name + '/package.json', { paths: [root] });
  } catch (_missing) {
    return (
      '`npm ci` in ' +
      root +
      ' brings the right one (package ' +
      name +
      '), which is not there: run it, and without ' +
      '--omit=optional or --no-optional.'
    );
  }
  return (
    'The right one is in node_modules already: start through `npm run …`, `npx …` or cli/bin/muster, or put ' +
    path.join(root, 'node_modules', '.bin') +
    ' first on PATH.'
  );
}

if (older(found, needed)) {
  process.stderr.write(
    'muster needs Node ' +
      needed +
      ' or newer; this is Node ' +
      found +
      ' (' +
      process.execPath +
      ').\n' +
      advice() +
      '\n',
  );
  process.exit(1);
}
