using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;

namespace Kv.Kubernetes.Configuration;

/// <summary>A credential that a program of the user's prints (client.authentication.k8s.io v1 and v1beta1). It is kept
/// until shortly before it expires, or until the server refuses it; requests that come meanwhile share one
/// run.</summary>
internal sealed class ExecCredential(ExecPlugin plugin, TimeProvider time) : ICredential, IDisposable
{
    /// <summary>A plugin may ask a far-away server, but not for ever.</summary>
    private static readonly TimeSpan RunMax = TimeSpan.FromMinutes(2);

    /// <summary>A token that expires on the way is refused.</summary>
    private static readonly TimeSpan RefreshEarly = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _running = new(1);
    private volatile Known? _known;

    public async ValueTask<ClientIdentity> GetAsync(CancellationToken cancelled)
    {
        if (Fresh() is { } known)
            return known;

        await _running.WaitAsync(cancelled);
        try
        {
            if (Fresh() is { } another)
                return another;
            string output = await RunAsync(cancelled);
            var got = Read(output);
            _known = got;
            return got.Identity;
        }
        finally
        {
            _running.Release();
        }
    }

    public void Reject(ClientIdentity identity)
    {
        var known = _known;
        if (known is not null && Equals(known.Identity.Header, identity.Header))
            Interlocked.CompareExchange(ref _known, value: null, comparand: known);
    }

    public void Dispose() => _running.Dispose();

    private ClientIdentity? Fresh()
    {
        var known = _known;
        return known is not null && (known.Expires is null || time.GetUtcNow() + RefreshEarly < known.Expires)
            ? known.Identity
            : null;
    }

    private async Task<string> RunAsync(CancellationToken cancelled)
    {
        using var limit = new CancellationTokenSource(RunMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancelled, limit.Token);
        using var process = Start();
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var errors = process.StandardError.ReadToEndAsync(either.Token);
            await process.WaitForExitAsync(either.Token);
            string said = await errors;
            return process.ExitCode == 0
                ? await output
                : throw new KubeConfigException(
                    $"The credential plugin {plugin.Command} ended with {process.ExitCode}: {said.Trim()}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new KubeConfigException(
                $"The credential plugin {plugin.Command} did not end within {RunMax.TotalSeconds} s.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(plugin.Command, plugin.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in plugin.Environment)
            start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = Question().ToJsonString();
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("It did not start.");
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            string hint = plugin.InstallHint is null ? "" : $" {plugin.InstallHint}";
            throw new KubeConfigException(
                $"The credential plugin {plugin.Command} cannot be run: {failure.Message}.{hint}", failure);
        }
    }

    private JsonObject Question() => new()
    {
        ["apiVersion"] = plugin.ApiVersion,
        ["kind"] = "ExecCredential",
        ["spec"] = new JsonObject
        {
            ["interactive"] = false,
            ["cluster"] = plugin.Cluster?.DeepClone(),
        },
    };

    private Known Read(string output)
    {
        try
        {
            var answer = KubernetesJson.Deserialize<JsonObject>(output);
            if ((string?)answer["apiVersion"] != plugin.ApiVersion || (string?)answer["kind"] != "ExecCredential")
                throw new JsonException($"it is not an ExecCredential of {plugin.ApiVersion}");

            var status = answer["status"];
            string? token = (string?)status?["token"];
            string? certificate = (string?)status?["clientCertificateData"];
            string? key = (string?)status?["clientKeyData"];
            if (string.IsNullOrEmpty(token) && string.IsNullOrEmpty(certificate))
                throw new JsonException("it has neither a token nor a certificate");
            if (string.IsNullOrEmpty(certificate) != string.IsNullOrEmpty(key))
                throw new JsonException("a certificate and its key come together");

            var identity = new ClientIdentity(
                string.IsNullOrEmpty(token) ? null : FixedCredential.Bearer(token),
                string.IsNullOrEmpty(certificate) ? null : CertificateFileCredential.Load(certificate, key!));
            string? expires = (string?)status?["expirationTimestamp"];
            return new Known(identity, expires is null ? null : TimeConverter.Parse(expires));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new KubeConfigException(
                $"What the credential plugin {plugin.Command} printed cannot be used: {failure.Message}", failure);
        }
    }

    private sealed record Known(ClientIdentity Identity, DateTimeOffset? Expires);
}
