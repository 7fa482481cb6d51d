using System.Globalization;
using System.Text.Json.Nodes;
using Grpc.Core;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>Sends the changes of a kind as they happen, one JSON a line. What a change is depends on the selectors: an
/// object that ceases to fit is deleted as far as this watcher is concerned.</summary>
internal sealed class WatchStream
{
    private const int TimeoutSecondsByDefault = 1800;

    private readonly ServerParts _parts;
    private readonly ObjectReader _reader;
    private readonly ApiCall _call;
    private readonly Selectors _selectors;
    private readonly TableForm? _table;
    private bool _hasSentColumns;

    public WatchStream(ServerParts parts, ObjectReader reader, ApiCall call)
    {
        _parts = parts;
        _reader = reader;
        _call = call;
        _selectors = Selectors.Parse(call.Query("labelSelector"), call.Query("fieldSelector"));
        _table = TableForm.Of(call);
    }

    /// <summary>Sends until the client leaves, its time is over, or the changes it asks for are gone.</summary>
    public async Task RunAsync()
    {
        long timeout = _call.Number("timeoutSeconds", TimeoutSecondsByDefault);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_call.Cancelled);
        ended.CancelAfter(TimeSpan.FromSeconds(Math.Max(timeout, 1)));
        long version = _call.Number("resourceVersion", 0);
        bool sendsInitial = _call.IsSet("sendInitialEvents");
        _call.Http.Response.ContentType = "application/json";
        try
        {
            await _call.Http.Response.StartAsync(ended.Token);
            await _call.Http.Response.Body.FlushAsync(ended.Token);
            if (version == 0 || sendsInitial)
                version = await SendAllAsync(sendsInitial, ended.Token);
            await SendChangesAsync(version, ended.Token);
        }
        catch (RevisionGoneException gone)
        {
            await SendGoneAsync(version, gone.Oldest);
        }
        catch (Exception fault) when (
            fault is OperationCanceledException
            || (fault is RpcException { StatusCode: StatusCode.Cancelled } && ended.IsCancellationRequested))
        {
            // The time is over, or nobody listens any more.
        }
    }

    private async Task<long> SendAllAsync(bool endsWithBookmark, CancellationToken cancelled)
    {
        (IReadOnlyList<JsonObject> items, JsonObject metadata) = await _reader.ListAsync(_call);
        foreach (JsonObject item in items)
            await SendAsync("ADDED", item, cancelled);
        long revision = long.Parse(metadata.Text("resourceVersion")!, CultureInfo.InvariantCulture);
        if (endsWithBookmark)
            await SendBookmarkAsync(revision, isEndOfInitial: true, cancelled);
        return revision;
    }

    private async Task SendChangesAsync(long after, CancellationToken cancelled)
    {
        bool wantsBookmarks = _call.IsSet("allowWatchBookmarks");
        string prefix = _call.Type.PrefixOf(_call.Namespace);
        long sent = after;
        await foreach (StoredChange change in _parts.Store.WatchAsync(
            prefix, after + 1, _parts.BookmarkInterval, cancelled))
        {
            if (!change.IsProgress)
                await SendAsync(change, cancelled);
            else if (wantsBookmarks && change.Revision >= sent)
                await SendBookmarkAsync(change.Revision, isEndOfInitial: false, cancelled);
            sent = Math.Max(sent, change.Revision);
        }
    }

    private async Task SendAsync(StoredChange change, CancellationToken cancelled)
    {
        JsonObject? now = ToFitting(change.Now);
        JsonObject? before = ToFitting(change.Before);
        switch (now, before)
        {
            case (not null, null):
                await SendAsync("ADDED", now, cancelled);
                break;
            case (not null, not null):
                await SendAsync("MODIFIED", now, cancelled);
                break;
            case (null, not null):
                before.Ensure("metadata")["resourceVersion"] =
                    change.Revision.ToString(CultureInfo.InvariantCulture);
                await SendAsync("DELETED", before, cancelled);
                break;
        }
    }

    private JsonObject? ToFitting(JsonObject? value)
    {
        JsonObject? served = value is null ? null : ObjectWriter.ToServed(_call.Type, value);
        return served is not null && _selectors.Fit(served) ? served : null;
    }

    private async Task SendAsync(string type, JsonObject value, CancellationToken cancelled)
    {
        JsonObject shown = value;
        if (_table is not null)
        {
            shown = _table.ToTable([value], [], withColumns: !_hasSentColumns);
            _hasSentColumns = true;
        }

        await WriteAsync(new JsonObject { ["type"] = type, ["object"] = shown }, cancelled);
    }

    private async Task SendBookmarkAsync(long revision, bool isEndOfInitial, CancellationToken cancelled)
    {
        JsonObject metadata = new() { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture) };
        if (isEndOfInitial)
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        ResourceType type = _call.Type;
        JsonObject mark = _table is null
            ? new JsonObject { ["kind"] = type.Kind, ["apiVersion"] = type.ApiVersion, ["metadata"] = metadata }
            : _table.ToTable([], metadata, withColumns: false);
        await WriteAsync(new JsonObject { ["type"] = "BOOKMARK", ["object"] = mark }, cancelled);
    }

    private Task SendGoneAsync(long version, long oldest)
    {
        JsonObject status = RefusedException.Expired(
            $"too old resource version: {version} ({oldest})").ToStatus();
        return WriteAsync(new JsonObject { ["type"] = "ERROR", ["object"] = status }, _call.Cancelled);
    }

    private async Task WriteAsync(JsonObject line, CancellationToken cancelled)
    {
        await _call.Http.Response.Body.WriteAsync(line.ToUtf8(), cancelled);
        await _call.Http.Response.Body.WriteAsync("\n"u8.ToArray(), cancelled);
        await _call.Http.Response.Body.FlushAsync(cancelled);
    }
}
