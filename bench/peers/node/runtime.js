// The loop of Lambda's runtime API. The managed runtime does more (a native client, log formats, hooks), so this
// one starts sooner: what is measured is Node and the function.
import http from "node:http";

const agent = new http.Agent({ keepAlive: true });
const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const ROOT = "/2018-06-01/runtime/invocation";

const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path: `${ROOT}${path}`, method, agent }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });

const { handler } = await import("./dist/handler.cjs");
for (;;) {
  const { headers, body } = await call("GET", "/next");
  const id = headers["lambda-runtime-aws-request-id"];
  try {
    await call("POST", `/${id}/response`, JSON.stringify(await handler(JSON.parse(body), { awsRequestId: id })));
  } catch (error) {
    const told = { errorType: error.name, errorMessage: error.message, stackTrace: error.stack?.split("\n") };
    await call("POST", `/${id}/error`, JSON.stringify(told));
  }
}
