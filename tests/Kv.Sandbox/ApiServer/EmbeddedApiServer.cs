using System.Net;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.ApiServer.Rules;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.ApiServer.Verbs;
using Kv.Sandbox.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Kv.Sandbox.ApiServer;

/// <summary>A Kubernetes API server in this process whose store is a node of ours. For trying out and for tests: it
/// has the behaviour that clients and operators depend on, not the strength that a cluster needs.</summary>
internal sealed class EmbeddedApiServer : IAsyncDisposable
{
    private static readonly string[] FirstNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

    private readonly StoreNode _node;
    private readonly ServerCertificate _certificate;
    private readonly ResourceCalls _resources;
    private readonly WebApplication _web;

    private EmbeddedApiServer(
        StoreNode node,
        ServerCertificate certificate,
        ServerParts parts,
        ResourceCalls resources,
        WebApplication web,
        Uri url)
    {
        _node = node;
        _certificate = certificate;
        Parts = parts;
        _resources = resources;
        _web = web;
        Url = url;
    }

    public Uri Url { get; }

    /// <summary>The authority that clients have to trust.</summary>
    public string AuthorityPem => _certificate.AuthorityPem;

    /// <summary>The process that stores the objects.</summary>
    public int NodeProcessId => _node.ProcessId;

    /// <summary>What the server is made of, for tests that break something in it.</summary>
    internal ServerParts Parts { get; }

    /// <summary>Starts a server with its data in a directory, which may hold those of an earlier one.</summary>
    public static async Task<EmbeddedApiServer> StartAsync(ApiServerOptions options, CancellationToken cancelled)
    {
        StoreNode node = await StoreNode.StartAsync(options.DataDirectory, options.Address, cancelled);
        ServerCertificate? certificate = null;
        ObjectStore? store = null;
        try
        {
            store = new ObjectStore(node.Url);
            certificate = ServerCertificate.Create(options.Address);
            var parts = new ServerParts(
                store,
                new TypeTable(),
                new AccessRules(store),
                new Tokens(options.TokenKey, options.Tokens, TimeProvider.System),
                options.BookmarkInterval);
            var writer = new ObjectWriter(parts, new ServiceAddresses(options.Address.GetAddressBytes()[1]));
            var resources = new ResourceCalls(parts, writer);
            await LoadDefinitionsAsync(parts, cancelled);
            await CreateNamespacesAsync(parts, writer, cancelled);
            int port = options.Port > 0 ? options.Port : StoreNode.FreePort(options.Address);
            var url = new Uri($"https://{options.Address}:{port}");
            WebApplication web = Build(new IPEndPoint(options.Address, port), certificate);
            web.Run(new RequestEntry(parts, resources, url.Authority).AnswerAsync);
            await web.StartAsync(cancelled);
            return new EmbeddedApiServer(node, certificate, parts, resources, web, url);
        }
        catch
        {
            store?.Dispose();
            certificate?.Dispose();
            await node.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using (var atOnce = new CancellationTokenSource())
        {
            // Watches never end of themselves; nobody is left to wait for.
            await atOnce.CancelAsync();
            await _web.StopAsync(atOnce.Token);
        }

        await _web.DisposeAsync();
        _resources.Dispose();
        Parts.Store.Dispose();
        _certificate.Dispose();
        await _node.DisposeAsync();
    }

    private static WebApplication Build(IPEndPoint endPoint, ServerCertificate certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());

        // The process belongs to whoever embeds the server: signals are its business.
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(endPoint, listen => listen.UseHttps(certificate.Certificate));
        });
        return builder.Build();
    }

    private static async Task LoadDefinitionsAsync(ServerParts parts, CancellationToken cancelled)
    {
        ResourceType definitions = parts.Types.FindKind("apiextensions.k8s.io/v1", "CustomResourceDefinition")!;
        StoredList all = await parts.Store.ListAsync(
            definitions.StoragePrefix, after: null, limit: 0, revision: 0, cancelled);
        foreach (StoredObject each in all.Objects)
            parts.Types.Replace(each.Value.Text("metadata", "name") ?? "", CustomTypes.Read(each.Value));
    }

    private static async Task CreateNamespacesAsync(
        ServerParts parts, ObjectWriter writer, CancellationToken cancelled)
    {
        ResourceType type = parts.Types.Find("", "v1", "namespaces")!;
        foreach (string name in FirstNamespaces)
        {
            JsonObject value = new() { ["metadata"] = new JsonObject { ["name"] = name } };
            try
            {
                await writer.CreateAsync(type, "", value, WriteOptions.Internal("kube-apiserver"), cancelled);
            }
            catch (RefusedException fault) when (fault.Code == 409)
            {
                // It is there from an earlier run.
            }
        }
    }
}
