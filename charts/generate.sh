#!/usr/bin/env bash
# Writes what in this folder is made from something else, so that nothing is said twice:
#
#   kv-operator/files/crds/          the definitions, from crds/
#   kv-operator/files/rules.yaml     the operator's rights, from the manifest whose rules the tests hold it to
#   kv-cluster/values.schema.json    what spec may be, from the definition of KvCluster
#   install.yaml                     everything for people without Helm, from the chart
#
#   charts/generate.sh [FOLDER]      into FOLDER, which has a copy of charts/, instead of in place. Needs helm.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/charts}
command -v helm > /dev/null || { echo "generate.sh: there is no helm; tests/tools/get-kubectl.sh fetches one" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$out/kv-operator/files/crds"
rm -f "$out"/kv-operator/files/crds/*
cp "$root"/crds/*.yaml "$out/kv-operator/files/crds"

{
    echo "# What the operator may do, written by generate.sh. The templates sort it by where it is needed."
    awk '/^---/ { role = 0; rules = 0 } /^kind: ClusterRole$/ { role = 1 } role && /^rules:/ { rules = 1; next } rules' \
        "$root/tests/Kv.Sandbox/Manifests/operator.yaml"
} > "$out/kv-operator/files/rules.yaml"

# Helm reads YAML and writes JSON, so it makes the schema: its own part as it stands, spec as the definition has it.
mkdir -p "$scratch/schema/templates"
cp "$root/crds/kvclusters.yaml" "$scratch/schema/crd.yaml"
cp "$out/kv-cluster/schema-values.yaml" "$scratch/schema/own.yaml"
printf 'apiVersion: v2\nname: schema\nversion: 1.0.0\n' > "$scratch/schema/Chart.yaml"
cat > "$scratch/schema/templates/schema.yaml" <<'TEMPLATE'
{{- define "closed" -}}
{{- $schema := . -}}
{{- if and (kindIs "map" $schema.properties) (not (index $schema "x-kubernetes-preserve-unknown-fields")) -}}
{{- $_ := set $schema "additionalProperties" false -}}
{{- range $name, $property := $schema.properties -}}{{- include "closed" $property -}}{{- end -}}
{{- end -}}
{{- if $schema.items -}}{{- include "closed" $schema.items -}}{{- end -}}
{{- if index $schema "x-kubernetes-int-or-string" -}}{{- $_ := set $schema "type" (list "integer" "string") -}}{{- end -}}
{{- if kindIs "map" $schema.additionalProperties -}}{{- include "closed" $schema.additionalProperties -}}{{- end -}}
{{- range $key, $value := $schema -}}
{{- if or (hasPrefix "x-kubernetes-" $key) (eq $key "format") -}}{{- $_ := unset $schema $key -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $spec := (index (.Files.Get "crd.yaml" | fromYaml).spec.versions 0).schema.openAPIV3Schema.properties.spec -}}
{{- include "closed" $spec -}}
{{- $own := .Files.Get "own.yaml" | fromYaml -}}
{{- $_ := set $spec "description" "The specification of the KvCluster." -}}
{{- $_ := set $own.properties "spec" $spec -}}
{{ toPrettyJson $own }}
TEMPLATE
helm template schema "$scratch/schema" | grep -vE '^(---|# Source:.*)$' > "$out/kv-cluster/values.schema.json"

{
    echo "# The operator for people without Helm: kubectl apply --server-side -f install.yaml"
    echo "# Written by generate.sh from the chart kv-operator with its default values."
    echo "---"
    printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kv-operator\n'
    helm template kv-operator "$out/kv-operator" --namespace kv-operator --skip-tests --set crds.keep=false |
        sed -e '/^# Source:/d' -e '/^ *helm\.sh\/chart:/d' -e '/^ *app\.kubernetes\.io\/managed-by: Helm$/d'
} > "$out/install.yaml"
