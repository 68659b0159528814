// The place of the program that explains new images in the page. It is called where the
// page's data says live, with the names of the blocks that begin with "live-" (read them
// with bytes of blocks.js) and with window.glimpse, to put what it finds into the page;
// #drop is an element for it to show. Pages are made with it by explorer.Page.Live.

export async function startLive(blocks, ui) {}
