// The worker in which the network runs, so that the page stays alive. Its source is Go's
// wasm_exec.js (the block live-exec), and after it serve(self).
//
// Messages to it:
//   {id, load: {wasm, network, space}}          Uint8Arrays, each perhaps gzip'd; space may be null
//   {id, explain: {pixels, width, height, class}}  RGBA as a canvas gives it; class -1: the predicted
//   {id, explain: {file, class}}                   the bytes of an image file
// Messages from it, with the same id:
//   {id, status: words}   while it works
//   {id, result}          what cmd/internal/live/worker documents; {about, classes} of load
//   {id, error: words}

/** Answers the messages of a worker's scope. It uses nothing outside itself. */
export function serve(scope) {
  let program = null; // what the Go program offers
  let ended = ''; // why it cannot be called any more

  async function unpacked(bytes) {
    if (!bytes || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function checked(result) {
    if (result.error) throw new Error(result.error);
    return result;
  }

  async function load({ wasm, network, space }, say) {
    say('unpacking the program');
    const code = await unpacked(wasm);
    say('compiling the program');
    const go = new scope.Go();
    const { instance } = await WebAssembly.instantiate(code, go.importObject);
    // run comes back as soon as the program waits for calls.
    go.run(instance).then(
      () => (ended = 'the program has ended; open the page again'),
      (e) => (ended = `the program has ended: ${e.message}; open the page again`),
    );
    program = scope.glimpseNetwork;
    if (!program) throw new Error('the program did not start');
    say('unpacking the network');
    const weights = await unpacked(network);
    return checked(program.load(weights, await unpacked(space ?? null), say));
  }

  function explain({ file, pixels, width, height, class: of = -1 }) {
    if (!program) throw new Error('no network is loaded');
    return checked(file ? program.explainFile(file, of) : program.explain(pixels, width, height, of));
  }

  // One after the other, in the order in which they came.
  let queue = Promise.resolve();
  async function answer({ id, load: files, explain: image }) {
    const say = (status) => scope.postMessage({ id, status });
    try {
      if (ended) throw new Error(ended);
      const result = files ? await load(files, say) : explain(image);
      scope.postMessage({ id, result });
    } catch (e) {
      scope.postMessage({ id, error: ended || e.message || String(e) });
    }
  }
  scope.onmessage = (event) => (queue = queue.then(() => answer(event.data)));
}
