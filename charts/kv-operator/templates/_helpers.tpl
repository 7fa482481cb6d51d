{{- define "kv-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "kv-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "kv-operator.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kv-operator.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- /* What pods are chosen by. It cannot change, so it knows neither version nor chart. */ -}}
{{- define "kv-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kv-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kv-operator.labels" -}}
{{ include "kv-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Metadata of an object of the namespace: (dict "root" $ "suffix" "-x" "labels" dict "annotations" dict). */ -}}
{{- define "kv-operator.metadata" -}}
name: {{ include "kv-operator.fullname" .root }}{{ .suffix }}
namespace: {{ .namespace | default (include "kv-operator.namespace" .root) }}
{{ include "kv-operator.labelsAndAnnotations" . }}
{{- end -}}

{{- define "kv-operator.labelsAndAnnotations" -}}
labels:
  {{- include "kv-operator.labels" .root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "kv-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "kv-operator.fullname" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{- define "kv-operator.image" -}}
{{- with .Values.image -}}
{{- with .registry }}{{ . }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{- /*
The rules of files/rules.yaml that belong in one place, as JSON: "namespaced" where clusters are, "cluster" what belongs
to no namespace, "own" what the operator needs in its own namespace.
*/ -}}
{{- define "kv-operator.rules" -}}
{{- $root := .root -}}
{{- $which := .which -}}
{{- $rules := list -}}
{{- range $rule := $root.Files.Get "files/rules.yaml" | fromYamlArray -}}
{{- $resources := list -}}
{{- range $resource := $rule.resources -}}
{{- $place := "namespaced" -}}
{{- if has $resource (list "nodes" "storageclasses" "persistentvolumes" "namespaces") -}}
{{- $place = "cluster" -}}
{{- else if eq $resource "leases" -}}
{{- $place = "own" -}}
{{- end -}}
{{- if eq $place $which -}}
{{- $resources = append $resources $resource -}}
{{- end -}}
{{- end -}}
{{- if and $resources (or $root.Values.rbac.certManager (not (has "cert-manager.io" $rule.apiGroups))) -}}
{{- $rules = append $rules (dict "apiGroups" $rule.apiGroups "resources" $resources "verbs" $rule.verbs) -}}
{{- end -}}
{{- end -}}
{{- toJson $rules -}}
{{- end -}}

{{- define "kv-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "kv-operator.serviceAccountName" . }}
  namespace: {{ include "kv-operator.namespace" . }}
{{- end -}}
