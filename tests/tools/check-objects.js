// Holds Kubernetes objects, one in JSON on each line of the input, against Kubernetes' own schemas:
//
//   node check-objects.js FOLDER      FOLDER is what get-kubernetes-models.sh left
//
// Prints a line for each: "ok KIND", "unknown KIND" if Kubernetes has no such kind, or "wrong KIND NAME: why".
const path = require("path");
const models = path.join(process.argv[2], "node_modules", "kubernetes-models");

for (const line of require("fs").readFileSync(0, "utf8").split("\n").filter(line => line)) {
  const object = JSON.parse(line);
  let model;
  try {
    model = require(path.join(models, object.apiVersion, object.kind))[object.kind];
  } catch {
    console.log(`unknown ${object.kind}`);
    continue;
  }
  try {
    new model(object).validate();
    console.log(`ok ${object.kind}`);
  } catch (fault) {
    console.log(`wrong ${object.kind} ${object.metadata.name}: ${fault.message}`);
  }
}
