{{/* Environment of containers. Workers get no access to the database. The image has a word of its own on where things lie,
and a variable wins over the settings file: so all of that stands here. */}}

{{- define "farm.env" -}}
- {name: HOME, value: /tmp}
- {name: USER, value: farm}
- {name: FARM_LOG_FORMAT, value: json}
- {name: FARM_OUT, value: {{ .Values.storage.url | quote }}}
{{- with .Values.modelCache }}
{{- if or .source (include "farm.modelClaim" $) }}
- {name: FARM_MODELS, value: {{ .source | default "/model-source" }}}
- {name: FARM_MODEL_CACHE, value: /models}
- {name: FARM_MODEL_CACHE_SIZE, value: {{ .size | quote }}}
{{- else }}
- {name: FARM_MODELS, value: /models}
{{- end }}
{{- end }}
- {name: FARM_SCRATCH, value: /scratch}
{{- with .Values.storage.endpoint }}
- {name: AWS_ENDPOINT_URL, value: {{ . | quote }}}
{{- end }}
{{- with .Values.storage.region }}
- {name: AWS_DEFAULT_REGION, value: {{ . | quote }}}
{{- end }}
{{- with .Values.storage.existingSecret }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- {name: {{ . }}, valueFrom: {secretKeyRef: {name: {{ $.Values.storage.existingSecret }}, key: {{ . }}}}}
{{- end }}
{{- end }}
{{- range $name, $value := .Values.env }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{- define "farm.envFrom" -}}
{{- $from := list -}}
{{- range .Values.envFromSecrets }}{{ $from = append $from (dict "secretRef" (dict "name" .)) }}{{ end -}}
{{ $from | toJson }}
{{- end -}}

{{- define "farm.databaseEnv" -}}
- {name: FARM_CONFIG, value: /etc/farm/config.yaml}
- name: FARM_DATABASE
  valueFrom: {secretKeyRef: {name: {{ include "farm.databaseSecret" . }}, key: {{ .Values.database.key }}}}
{{- end -}}

{{/* KubeRay gives Ray's own containers these; the driver is none of them. Its secret bears the cluster's name. */}}
{{- define "farm.rayTokenEnv" -}}
- {name: RAY_AUTH_MODE, value: token}
- name: RAY_AUTH_TOKEN
  valueFrom: {secretKeyRef: {name: {{ .Values.ray.authSecret | default .Release.Name }}, key: auth_token}}
{{- end -}}

{{/* On SIGTERM `ray start --block` lets what runs end, for so long. */}}
{{- define "farm.drainEnv" -}}
- {name: RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S, value: {{ .Values.ray.drainSeconds | quote }}}
{{- end -}}
