using System.Text;
using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>The names of pods and services, as the hosts file that all processes of the sandbox see. A cluster has a
/// name server for this; here the system's resolver reads them from a file, in which only exact names can stand.
/// It is always written in place: what is bound into the view of a process is the file, not its name.</summary>
internal sealed class HostsFile(string directory, Mirror services, Mirror slices)
{
    public const string FileName = "hosts";

    private string _written = "";

    /// <summary>Makes the file, with what the machine's own says.</summary>
    public static void Create(string directory) =>
        File.WriteAllText(Path.Combine(directory, FileName), File.ReadAllText("/etc/hosts"));

    public Task RunRoundAsync()
    {
        var text = new StringBuilder(File.ReadAllText("/etc/hosts"));
        text.Append('\n');
        foreach (JsonObject service in services.All.OrderBy(each => each.KeyOf(), StringComparer.Ordinal))
        {
            string name = $"{service.Text("metadata", "name")}.{service.Text("metadata", "namespace")}";
            if (service.Text("spec", "clusterIP") is { Length: > 0 } and not "None")
                Append(text, service.Text("spec", "clusterIP")!, name);
            bool isHeadless = service.Text("spec", "clusterIP") == "None";
            foreach (JsonObject endpoint in EndpointsOf(service).Where(each => each.Flag("conditions", "ready")))
            {
                string address = endpoint.Texts("addresses").FirstOrDefault() ?? "";
                if (endpoint.Text("hostname") is { } host)
                    Append(text, address, $"{host}.{name}");
                if (isHeadless)
                    Append(text, address, name);
            }
        }

        Write(text.ToString());
        return Task.CompletedTask;
    }

    private IEnumerable<JsonObject> EndpointsOf(JsonObject service) => slices.All
        .Where(slice => slice.Text("metadata", "namespace") == service.Text("metadata", "namespace")
            && slice.Text("metadata", "labels", "kubernetes.io/service-name") == service.Text("metadata", "name"))
        .SelectMany(slice => slice.Items("endpoints"));

    private static void Append(StringBuilder text, string address, string name) =>
        text.Append(address).Append(' ').Append(name).Append(".svc ").Append(name).Append(".svc.cluster.local ")
            .Append(name).Append('\n');

    private void Write(string text)
    {
        if (text == _written)
            return;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        using var file = new FileStream(
            Path.Combine(directory, FileName), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);

        // A reader sees old and new lines mixed at worst, never an empty file.
        file.Write(bytes);
        file.SetLength(bytes.Length);
        _written = text;
    }
}
