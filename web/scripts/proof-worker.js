// The search is ALTCHA's. That it has come is told, so that a load that hangs is not taken for a search.
import "../node_modules/altcha/dist/workers/pbkdf2.js";

postMessage({ isReady: true });
