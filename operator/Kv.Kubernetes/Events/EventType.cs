namespace Kv.Kubernetes.Events;

public enum EventType
{
    Normal,
    Warning,
}
