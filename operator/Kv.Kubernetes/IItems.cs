namespace Kv.Kubernetes;

public interface IItems<TItem>
{
    IList<TItem> Items { get; set; }
}
