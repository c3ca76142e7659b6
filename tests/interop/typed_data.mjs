// What ethers makes of attestations: digests of typed data, signatures, and the address that signed.
import { readFileSync } from "node:fs";
import { TypedDataEncoder, Wallet, sha256, verifyTypedData } from "ethers";

const vectors = JSON.parse(readFileSync(process.argv[2], "utf8"));
const members = vectors.type.slice("Attestation(".length, -1).split(",");
const types = { Attestation: members.map((member) => ({ type: member.split(" ")[0], name: member.split(" ")[1] })) };
const wallet = new Wallet(`0x${vectors.chain_secret}`);

const answers = {};
for (const [name, vector] of Object.entries(vectors.attestations)) {
  if (vector.fields === undefined) continue;
  const domain = { name: "Ringfence", version: "1", chainId: vector.chain_id, verifyingContract: vector.contract };
  const message = { statement: sha256(`0x${vector.bytes}`), ...vector.fields };
  answers[name] = {
    type: TypedDataEncoder.from(types).encodeType("Attestation"),
    domain_hash: TypedDataEncoder.hashDomain(domain),
    digest: TypedDataEncoder.hash(domain, types, message),
    signature: await wallet.signTypedData(domain, types, message),
    signer: verifyTypedData(domain, types, message, `0x${vector.signature}`).toLowerCase(),
  };
}
console.log(JSON.stringify(answers));
