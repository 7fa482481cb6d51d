using System.Text;
using System.Text.Json.Nodes;

namespace Kv.Sandbox.Client;

/// <summary>The file by which kubectl and others find a server.</summary>
internal static class Kubeconfig
{
    public static void Write(string path, Uri server, string authorityPem, string token, string space = "default")
    {
        JsonObject config = new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["clusters"] = new JsonArray(new JsonObject
            {
                ["name"] = "kv-sandbox",
                ["cluster"] = new JsonObject
                {
                    ["server"] = server.ToString().TrimEnd('/'),
                    ["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(authorityPem)),
                },
            }),
            ["users"] = new JsonArray(new JsonObject
            {
                ["name"] = "kv-sandbox",
                ["user"] = new JsonObject { ["token"] = token },
            }),
            ["contexts"] = new JsonArray(new JsonObject
            {
                ["name"] = "kv-sandbox",
                ["context"] = new JsonObject
                {
                    ["cluster"] = "kv-sandbox",
                    ["user"] = "kv-sandbox",
                    ["namespace"] = space,
                },
            }),
            ["current-context"] = "kv-sandbox",
        };

        // It holds a token: nobody else may read it. JSON is YAML, too.
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(config.ToString()));
    }
}
