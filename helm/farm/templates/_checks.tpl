{{/* What the schema cannot say: refused with the place and the remedy. */}}

{{- define "farm.checks" -}}
{{- $v := .Values -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$" .Release.Name) }}
  {{- fail (printf "the release's name %q names the Ray cluster: at most 40 characters, beginning with a letter" .Release.Name) }}
{{- end }}
{{- if not (regexMatch "^(s3://[^/]+|file:///[^/])" $v.storage.url) }}
  {{- fail (printf "storage.url is %q: write s3://bucket/folder (other S3-compatible stores: set storage.endpoint), or file:///folder for a volume that all nodes share" $v.storage.url) }}
{{- end }}
{{- if and $v.storage.existingSecret (hasKey $v.serviceAccount.annotations "eks.amazonaws.com/role-arn") }}
  {{- fail "storage.existingSecret and serviceAccount.annotations give access to the object store in two ways, and the keys would win: leave one out" }}
{{- end }}
{{- if and (include "farm.onVolume" .) (or $v.storage.endpoint $v.storage.region $v.storage.existingSecret) }}
  {{- fail "storage.endpoint, region and existingSecret are for s3://; storage.url is a volume: leave them out" }}
{{- end }}
{{- if and $v.modelCache.source (eq $v.modelCache.kind "shared") }}
  {{- fail "modelCache.source is brought to each node's own disk, and kind: shared has none: set kind to node or ephemeral" }}
{{- end }}
{{- if and $v.modelCache.source $v.modelCache.existingClaim }}
  {{- fail "modelCache.source and existingClaim say in two ways where models are brought from: leave one out" }}
{{- end }}
{{- if and $v.serve.ingress.enabled (not $v.serve.ingress.host) }}
  {{- fail "serve.ingress is enabled without a host: set serve.ingress.host" }}
{{- end }}
{{- with $v.serve.autoscaling }}
  {{- if gt .minReplicas .maxReplicas }}
    {{- fail (printf "serve.autoscaling.minReplicas %v is more than maxReplicas %v" .minReplicas .maxReplicas) }}
  {{- end }}
{{- end }}
{{- range $name, $_ := $v.env }}
  {{- if regexMatch "^(FARM_DATABASE|AWS_ACCESS_KEY_ID)$|(SECRET|TOKEN|PASSWORD|API_KEY|_KEY)" $name }}
    {{- fail (printf "env.%s looks like a secret, and values are kept in plain text: give the database in database.existingSecret, storage keys in storage.existingSecret, others in a secret named in envFromSecrets" $name) }}
  {{- end }}
{{- end }}
{{- range $name, $_ := $v.env }}
  {{- if regexMatch "^(FARM_(OUT|RAY|CONFIG|MODELS|MODEL_CACHE|MODEL_CACHE_SIZE|SCRATCH|METRICS|LOG_FORMAT|STATE)|HOME|USER|AWS_ENDPOINT_URL|AWS_DEFAULT_REGION|RAY_GRACEFUL_.*)$" $name }}
    {{- fail (printf "env.%s: the chart sets this variable by itself, from storage, modelCache and ray" $name) }}
  {{- end }}
{{- end }}
{{- range $at, $webhook := $v.settings.webhooks }}
  {{- $place := printf "settings.webhooks[%d]" $at }}
  {{- if regexMatch "^https://hooks\\.slack\\.com/" $webhook.url }}
    {{- fail (printf "%s: Slack's URL is a secret, and values are kept in plain text: write url: $FARM_SLACK_URL, and name the secret that holds this variable in envFromSecrets" $place) }}
  {{- end }}
  {{- if not (or $webhook.secret (eq ($webhook.format | default "signed") "slack")) }}
    {{- fail (printf "%s has no secret to sign with: name the variable that holds it, or set format: slack" $place) }}
  {{- end }}
  {{- if and (hasPrefix "$" $webhook.url) (not $webhook.name) }}
    {{- fail (printf "%s: its URL stands in a variable: give it a name" $place) }}
  {{- end }}
  {{- if and (or $webhook.secret (hasPrefix "$" $webhook.url)) (not $v.envFromSecrets) }}
    {{- fail (printf "%s names a variable, and no secret gives it: name one in envFromSecrets" $place) }}
  {{- end }}
{{- end }}
{{- include "farm.checkGroups" . }}
{{- end -}}

{{- define "farm.checkGroups" -}}
{{- $pools := list -}}
{{- if not .Values.workers }}{{ fail "workers is empty: a farm without worker groups renders nothing" }}{{ end }}
{{- range $name, $given := .Values.workers }}
  {{- $group := include "farm.group" (dict "root" $ "group" $given) | fromJson }}
  {{- $pools = append $pools $group.pool }}
  {{- if gt (int $group.minReplicas) (int $group.maxReplicas) }}
    {{- fail (printf "workers.%s: minReplicas %v is more than maxReplicas %v" $name $group.minReplicas $group.maxReplicas) }}
  {{- end }}
  {{- if and $group.gpus (eq $group.image "cpu") }}
    {{- fail (printf "workers.%s: %v GPUs, but its image has no CUDA: set image: cuda" $name $group.gpus) }}
  {{- end }}
{{- end }}
{{- range $at, $generator := .Values.settings.generators }}
  {{- if and $generator.pool (not (has $generator.pool $pools)) }}
    {{- fail (printf "settings.generators[%d]: no worker group has the pool %q (there are: %s)" $at $generator.pool ($pools | uniq | compact | join ", ")) }}
  {{- end }}
{{- end }}
{{- end -}}
