using System.Text;
using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>Makes the volumes of a pod as directories. What comes from Secrets and ConfigMaps is kept up to date, all
/// files of a volume at once: they stand in a directory of their own to which a link points, and the link is
/// moved.</summary>
internal sealed class PodVolumes(SandboxClient client, JsonObject pod, string directory)
{
    private const string DataLink = "..data";
    private const long TokenSeconds = 3600;

    private readonly Dictionary<string, string> _written = new(StringComparer.Ordinal);

    private string Space => pod.Text("metadata", "namespace") ?? "";

    /// <summary>Where a volume is.</summary>
    public string PathOf(string name)
    {
        JsonObject? volume = pod.Items("spec", "volumes").FirstOrDefault(each => each.Text("name") == name);
        return volume.Text("hostPath", "path") ?? ClaimPaths.GetValueOrDefault(name) ?? Path.Combine(directory, name);
    }

    private Dictionary<string, string> ClaimPaths { get; } = new(StringComparer.Ordinal);

    /// <summary>Makes all volumes, or what stands against it.</summary>
    public async Task<string?> PrepareAsync(CancellationToken stop)
    {
        foreach (JsonObject volume in pod.Items("spec", "volumes"))
        {
            string name = volume.Text("name") ?? "";
            string? fault = volume.Text("persistentVolumeClaim", "claimName") is { } claim
                ? await FindClaimAsync(name, claim, stop)
                : await FillAsync(volume, stop);
            if (fault is not null)
                return fault;
        }

        return null;
    }

    /// <summary>Brings what has changed since into the volumes.</summary>
    public async Task RefreshAsync(CancellationToken stop)
    {
        foreach (JsonObject volume in pod.Items("spec", "volumes"))
        {
            if (volume["secret"] is not null || volume["configMap"] is not null || volume["projected"] is not null)
                await FillAsync(volume, stop);
        }
    }

    public void Remove()
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }

    private async Task<string?> FindClaimAsync(string name, string claimName, CancellationToken stop)
    {
        JsonObject? claim = await client.FindAsync(ObjectPath.Core("persistentvolumeclaims", Space, claimName), stop);
        if (claim is null)
            return $"persistentvolumeclaim \"{claimName}\" not found";
        if (claim.Text("status", "phase") != "Bound")
            return $"persistentvolumeclaim \"{claimName}\" is not bound";
        JsonObject? volume = await client.FindAsync(
            ObjectPath.Core("persistentvolumes", name: claim.Text("spec", "volumeName") ?? ""), stop);
        string? path = volume.Text("spec", "hostPath", "path");
        if (path is null)
            return $"the volume of \"{claimName}\" is no directory of this machine";
        Directory.CreateDirectory(path);
        ClaimPaths[name] = path;
        return null;
    }

    private async Task<string?> FillAsync(JsonObject volume, CancellationToken stop)
    {
        string path = PathOf(volume.Text("name") ?? "");
        Directory.CreateDirectory(path);
        JsonObject[] sources = volume.Map("projected") is { } projected
            ? [.. projected.Items("sources")]
            : [volume];
        if (volume["emptyDir"] is not null || volume["hostPath"] is not null)
            return null;
        SortedDictionary<string, byte[]> files = new(StringComparer.Ordinal);
        foreach (JsonObject source in sources)
        {
            if (await ReadAsync(source, files, stop) is { } fault)
                return fault;
        }

        string digest = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(
            [.. files.SelectMany(file => Encoding.UTF8.GetBytes(file.Key + "\0").Concat(file.Value))]));
        if (_written.GetValueOrDefault(path) == digest)
            return null;
        Write(path, digest[..12].ToLowerInvariant(), files);
        _written[path] = digest;
        return null;
    }

    private async Task<string?> ReadAsync(
        JsonObject source, SortedDictionary<string, byte[]> files, CancellationToken stop)
    {
        if (source.Map("secret") is { } secret)
        {
            return await ReadAsync("secrets", secret, secret.Text("secretName") ?? secret.Text("name") ?? "", files,
                stop);
        }

        if (source.Map("configMap") is { } map)
            return await ReadAsync("configmaps", map, map.Text("name") ?? "", files, stop);
        if (source.Map("downwardAPI") is { } downward)
        {
            foreach (JsonObject item in downward.Items("items"))
            {
                files[item.Text("path") ?? ""] = Encoding.UTF8.GetBytes(
                    PodFields.Find(pod, item.Text("fieldRef", "fieldPath") ?? "") ?? "");
            }

            return null;
        }

        if (source.Map("serviceAccountToken") is { } token)
            files[token.Text("path") ?? "token"] = await GetTokenAsync(token, stop);
        return null;
    }

    private async Task<string?> ReadAsync(
        string plural, JsonObject source, string name, SortedDictionary<string, byte[]> files, CancellationToken stop)
    {
        JsonObject? found = await client.FindAsync(ObjectPath.Core(plural, Space, name), stop);
        if (found is null)
            return source.Flag("optional") ? null : $"{plural.TrimEnd('s')} \"{name}\" not found";
        Dictionary<string, byte[]> all = [];
        foreach ((string key, string text) in found.Pairs("data"))
            all[key] = plural == "secrets" ? Convert.FromBase64String(text) : Encoding.UTF8.GetBytes(text);
        foreach ((string key, string text) in found.Pairs("binaryData"))
            all[key] = Convert.FromBase64String(text);
        JsonObject[] items = [.. source.Items("items")];
        foreach (JsonObject item in items)
        {
            string key = item.Text("key") ?? "";
            if (!all.TryGetValue(key, out byte[]? bytes))
                return $"references non-existent {plural.TrimEnd('s')} key: {key}";
            files[item.Text("path") ?? key] = bytes;
        }

        if (items.Length > 0)
            return null;
        foreach ((string key, byte[] bytes) in all)
            files[key] = bytes;
        return null;
    }

    private async Task<byte[]> GetTokenAsync(JsonObject source, CancellationToken stop)
    {
        // A token is asked for once: one that is renewed each time would look like a change.
        string key = $"token {source.ToJsonString()}";
        if (!_written.TryGetValue(key, out string? token))
        {
            string account = pod.Text("spec", "serviceAccountName") ?? "default";
            JsonObject answer = await client.CreateAsync(
                ObjectPath.Core("serviceaccounts", Space, account) + "/token",
                new JsonObject { ["spec"] = new JsonObject { ["expirationSeconds"] = TokenSeconds * 24 } }, stop);
            token = answer.Text("status", "token") ?? "";
            _written[key] = token;
        }

        return Encoding.UTF8.GetBytes(token);
    }

    private static void Write(string path, string version, SortedDictionary<string, byte[]> files)
    {
        string folder = "..version-" + version;
        string target = Path.Combine(path, folder);
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        foreach ((string name, byte[] bytes) in files)
        {
            string file = Path.Combine(target, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }

        Directory.CreateDirectory(target);
        string link = Path.Combine(path, DataLink);
        string fresh = link + "_tmp";
        string? before = new FileInfo(link).LinkTarget;
        File.Delete(fresh);
        File.CreateSymbolicLink(fresh, folder);
        SystemCalls.Rename(fresh, link);
        foreach (string top in files.Keys.Select(name => name.Split('/')[0]).Distinct())
        {
            string entry = Path.Combine(path, top);
            if (new FileInfo(entry).LinkTarget is null)
                File.CreateSymbolicLink(entry, Path.Combine(DataLink, top));
        }

        foreach (string entry in Directory.EnumerateFileSystemEntries(path))
        {
            string name = Path.GetFileName(entry);
            bool isGone = !name.StartsWith("..", StringComparison.Ordinal) && !Path.Exists(entry);
            if (isGone)
                File.Delete(entry);
        }

        if (before is not null && before != folder && Directory.Exists(Path.Combine(path, before)))
            Directory.Delete(Path.Combine(path, before), recursive: true);
    }
}
