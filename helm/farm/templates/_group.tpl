{{/* One worker group of the Ray cluster: `root`, `name`, and its values, `group`. */}}

{{- define "farm.workerGroup" -}}
groupName: {{ .name }}
minReplicas: {{ .group.minReplicas }}
maxReplicas: {{ .group.maxReplicas }}
priority: {{ .group.priority }}
idleTimeoutSeconds: {{ .group.idleTimeoutSeconds }}
labels: {{ include "farm.groupLabels" .group }}
rayStartParams: {object-store-memory: "268435456"}
template:
  metadata:
    labels:
      {{- include "farm.selector" .root | nindent 6 }}
      app.kubernetes.io/component: worker
    {{- if not .group.evictable }}
    annotations:
      karpenter.sh/do-not-disrupt: "true"
      cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
    {{- end }}
  spec:
    serviceAccountName: {{ .root.Release.Name }}
    automountServiceAccountToken: false
    terminationGracePeriodSeconds: {{ include "farm.graceSeconds" .root }}
    securityContext: {{- include "farm.podSecurity" .root | nindent 6 }}
    imagePullSecrets: {{ include "farm.pullSecrets" .root }}
    nodeSelector: {{ .group.nodeSelector | toJson }}
    {{- $gpu := gt (int .group.gpus) 0 | ternary .root.Values.gpuTolerations (list) }}
    tolerations: {{ concat $gpu .group.tolerations | default (list) | toJson }}
    containers:
      - name: ray-worker
        image: {{ include "farm.image" (dict "root" .root "kind" .group.image) }}
        imagePullPolicy: {{ .root.Values.image.pullPolicy }}
        env:
          {{- include "farm.env" .root | nindent 10 }}
          {{- include "farm.drainEnv" .root | nindent 10 }}
        envFrom: {{ include "farm.envFrom" .root }}
        ports:
          - {name: metrics, containerPort: 8080}
        resources: {{- include "farm.resources" .group | nindent 10 }}
        securityContext: {{- include "farm.security" .root | nindent 10 }}
        volumeMounts: {{- include "farm.rayMounts" .root | nindent 10 }}
    volumes: {{- include "farm.rayVolumes" (dict "root" .root "sharedMemory" .group.sharedMemory "scratch" .group.scratch "loads" true) | nindent 6 }}
{{- end -}}

{{/* What lanes and placement ask for, as labels of Ray's nodes. */}}
{{- define "farm.groupLabels" -}}
{{- $labels := dict -}}
{{- with .pool }}{{ $_ := set $labels "pool" . }}{{ end -}}
{{- with .market }}{{ $_ := set $labels "market" . }}{{ end -}}
{{ $labels | toJson }}
{{- end -}}
