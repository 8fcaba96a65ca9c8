//     npm install
//     ISSUER=http://127.0.0.1:8000 npm start
import { Issuer } from "scopegate-guard";
import { garage } from "./app.js";

const { ISSUER, AUDIENCE = ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = 9000 } = process.env;
// A client that may ask for `revocations:read`: what is revoked is refused within a second.
const client = CLIENT_ID && CLIENT_SECRET ? { id: CLIENT_ID, secret: CLIENT_SECRET } : undefined;
const app = await garage(new Issuer(ISSUER, AUDIENCE, { client }));
console.log(`listening on ${await app.listen({ port: Number(PORT) })}`);
