// A caller in another language, with nothing of ours but the protos: it verifies a claim, asks whom the verifier trusts,
// and checks the head of the log with the key that it pins.
import { createPublicKey, createHash, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { credentials, loadPackageDefinition, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const asked = JSON.parse(readFileSync(process.argv[2], "utf8"));
const definition = loadSync(["ringfence/v1/verifier_service.proto", "ringfence/v1/log_service.proto"], {
  includeDirs: [asked.protos], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true,
});
const { VerifierService, LogService } = loadPackageDefinition(definition).ringfence.v1;
const [authorities, key, certificate] = [asked.authorities, asked.key, asked.certificate].map((path) => readFileSync(path));
const channel = credentials.createSsl(authorities, key, certificate);
const verifier = new VerifierService(asked.address, channel);
const log = new LogService(asked.address, channel);

const bytes = (hex) => Buffer.from(hex, "hex");
const call = (client, method, request) => new Promise((resolve, reject) => {
  const deadline = new Date(Date.now() + 10_000);
  client[method](request, { deadline }, (error, response) => (error ? reject(error) : resolve(response)));
});

// A claim is its fields: elements and keys as bytes, amounts as decimal digits, numbers above 2^53 as text.
const message = (claim) => ({
  key_id: bytes(claim.key_id),
  public_inputs: Object.fromEntries(Object.entries(claim.public_inputs).map(([name, value]) =>
    [name, Array.isArray(value) ? value.map(bytes) : bytes(value)])),
  proof: { points: bytes(claim.points) },
  demand: {
    policy: claim.policy,
    context: {
      ...claim.context,
      destination_contract: bytes(claim.context.destination_contract),
      recipient: bytes(claim.context.recipient),
    },
  },
});

// A signed note: what is above the empty line is signed; below it stand a name, and four bytes that tell keys apart
// before the signature.
function checkHead(head, pinned) {
  const [text, signature] = head.note.split("\n\n");
  const [origin, size, root] = text.split("\n");
  const signed = Buffer.from(signature.trim().split(" ").at(-1), "base64");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: bytes(pinned).toString("base64url") }, format: "jwk" });
  const hint = createHash("sha256").update(`${origin}\n`).update(Buffer.from([1])).update(bytes(pinned)).digest().subarray(0, 4);
  return hint.equals(signed.subarray(0, 4))
    && size === head.tree_size && Buffer.from(root, "base64").equals(head.root_hash)
    && verify(null, Buffer.from(`${text}\n`), publicKey, signed.subarray(4));
}

const refusedWith = async (call) => {
  try { await call; } catch (error) {
    return { code: status[error.code], has_details: error.metadata.get("grpc-status-details-bin").length === 1 };
  }
  return null;
};

const trust = await call(verifier, "GetTrust", {});
const { head } = await call(log, "GetHead", {});
const valid = await call(verifier, "Verify", { claim: message(asked.claim) });
const forged = await call(verifier, "Verify", { claim: message({ ...asked.claim, points: asked.other_points }) });
const short = message(asked.claim);
short.public_inputs.policy = Buffer.alloc(0);
console.log(JSON.stringify({
  trust: { verifier: trust.verifier, log_key: trust.log_key.toString("hex"), keys: trust.keys.length },
  head: { size: head.tree_size, holds: checkHead(head, asked.log_key) },
  valid: { verdict: valid.verdict, claim_id: valid.claim_id.toString("hex") },
  forged: { verdict: forged.verdict, step: forged.refusal.step, reason: forged.refusal.reason },
  malformed: await refusedWith(call(verifier, "Verify", { claim: short })),
  not_allowed: await refusedWith(call(log, "ListEntries", {})),
}));
