{{/* Names and labels. Everything is called after the release, so that two farms may share a namespace. */}}

{{- define "farm.labels" -}}
{{ include "farm.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* What all pods of this farm carry. No version: Ray's pods would be recreated for a new chart alone. */}}
{{- define "farm.selector" -}}
app.kubernetes.io/part-of: farm
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "farm.image" -}}
{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}-{{ .kind }}
{{- end -}}

{{- define "farm.databaseSecret" -}}
{{ .Values.database.existingSecret | default (printf "%s-database" .Release.Name) }}
{{- end -}}

{{- define "farm.onVolume" -}}
{{- if hasPrefix "file://" .Values.storage.url }}true{{ end -}}
{{- end -}}

{{/* A worker group: what it says over what `workerDefaults` says. Sprig's own merges would drop zeros. */}}
{{- define "farm.group" -}}
{{- $group := deepCopy .root.Values.workerDefaults -}}
{{- range $key, $value := .group }}{{ $_ := set $group $key $value }}{{ end -}}
{{ $group | toJson }}
{{- end -}}

{{/* Kubernetes lets a pod be this long after SIGTERM: Ray's drain, and time to put things away. */}}
{{- define "farm.graceSeconds" -}}
{{ add .Values.ray.drainSeconds 30 }}
{{- end -}}

{{- define "farm.pullSecrets" -}}
{{- $names := list -}}
{{- range .Values.image.pullSecrets }}{{ $names = append $names (dict "name" .) }}{{ end -}}
{{ $names | toJson }}
{{- end -}}
