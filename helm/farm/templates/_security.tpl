{{/* What every pod and every container may do: nothing but its work. */}}

{{- define "farm.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.user }}
runAsGroup: {{ .Values.group }}
fsGroup: {{ .Values.group }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "farm.security" -}}
runAsNonRoot: true
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Requests equal limits: a pod that was let in is never squeezed or evicted for another's sake. */}}
{{- define "farm.resources" -}}
{{- $sizes := dict "cpu" (toString .cpus) "memory" .memory -}}
{{- if .gpus }}{{ $_ := set $sizes "nvidia.com/gpu" (toString .gpus) }}{{ end -}}
requests: {{ $sizes | toJson }}
limits: {{ $sizes | toJson }}
{{- end -}}
