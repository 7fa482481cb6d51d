namespace Kv.Kubernetes;

public interface IMetadata<TMetadata>
{
    TMetadata Metadata { get; set; }
}
