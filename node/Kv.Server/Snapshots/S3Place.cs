using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Kv.Server.Cli;

namespace Kv.Server.Snapshots;

/// <summary>An object of a service that speaks S3. It is uploaded in parts, of which one at a time is in memory, and is
/// there once the upload has been completed; its label is its metadata. Calls that fail for a reason that may pass
/// are repeated by the library, with growing pauses and not for ever.</summary>
internal sealed class S3Place : ISnapshotPlace
{
    private const string OwnerKey = "x-amz-meta-kv-owner";
    private const string Sha256Key = "x-amz-meta-kv-sha256";
    private const string RevisionKey = "x-amz-meta-kv-revision";
    private const int PartsMax = 10_000;

    private static readonly TimeSpan CallLimit = TimeSpan.FromMinutes(2);

    private readonly AmazonS3Client _client;
    private readonly S3Settings _settings;
    private readonly string _bucket;
    private readonly string _key;

    private S3Place(AmazonS3Client client, S3Settings settings, string bucket, string key)
    {
        _client = client;
        _settings = settings;
        _bucket = bucket;
        _key = key;
        Location = $"s3://{bucket}/{key}";
    }

    public string Location { get; }

    public static S3Place Open(string bucket, string key, S3Settings settings)
    {
        string region = settings.Region ?? "us-east-1";
        var config = new AmazonS3Config
        {
            MaxErrorRetry = settings.RetryMax,
            RetryMode = RequestRetryMode.Standard,
            Timeout = CallLimit,

            // Not every service knows the newer checksums. What is sent is under the signature's own hash anyhow.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (settings.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = region;
            config.ForcePathStyle = true;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return new S3Place(new AmazonS3Client(Credentials(), config), settings, bucket, key);
    }

    public Task<PlacedSnapshot?> FindAsync(CancellationToken stop) => CallAsync("look for", async () =>
    {
        try
        {
            GetObjectMetadataResponse found = await _client.GetObjectMetadataAsync(_bucket, _key, stop);
            return new PlacedSnapshot(
                found.ContentLength,
                found.Metadata[OwnerKey],
                found.Metadata[Sha256Key],
                long.TryParse(found.Metadata[RevisionKey], CultureInfo.InvariantCulture, out long revision)
                    ? revision
                    : null);
        }
        catch (AmazonS3Exception fault) when (fault.StatusCode == HttpStatusCode.NotFound && !IsBucketMissing(fault))
        {
            return null;
        }
    });

    public async Task<Stream> ReadAsync(CancellationToken stop)
    {
        GetObjectMetadataResponse found = await CallAsync("read", async () =>
        {
            try
            {
                return await _client.GetObjectMetadataAsync(_bucket, _key, stop);
            }
            catch (AmazonS3Exception fault) when (fault.StatusCode == HttpStatusCode.NotFound)
            {
                throw new FileNotFoundException($"{Location}: no such object", Location);
            }
        });
        return new S3ReadStream(ReadFromAsync, found.ContentLength, _settings.RetryMax);

        Task<Stream> ReadFromAsync(long offset, CancellationToken cancelled) => CallAsync("read", async () =>
        {
            var request = new GetObjectRequest
            {
                BucketName = _bucket,
                Key = _key,
                EtagToMatch = found.ETag,

                // Also from the beginning: for a whole object the library takes the ETag for an MD5 and throws where a
                // service has other ones. A snapshot has a checksum of its own.
                ByteRange = new ByteRange(offset, found.ContentLength - 1),
            };
            return (await _client.GetObjectAsync(request, cancelled)).ResponseStream;
        });
    }

    public async Task WriteAsync(Stream content, SnapshotLabel label, CancellationToken stop)
    {
        PlacedSnapshot? found = await FindAsync(stop);
        ForeignSnapshotException.ThrowIfForeign(Location, found, label.OwnerUid);
        if (found is not null)
            return;

        await AbortUploadsAsync(stop);
        await CallAsync("write", async () =>
        {
            string upload = await BeginAsync(label, stop);
            try
            {
                List<PartETag> parts = await UploadAsync(upload, content, label.Size, stop);
                await CompleteAsync(upload, parts, stop);
            }
            catch (Exception fault) when (IsOfCall(fault) || fault is IOException or OperationCanceledException)
            {
                await AbortAsync(upload);
                throw;
            }

            return true;
        });

        // An answer that was lost on its way may have been that of the completion; so what counts is what is there.
        found = await FindAsync(stop);
        ForeignSnapshotException.ThrowIfForeign(Location, found, label.OwnerUid);
        if (found?.Size != label.Size)
            throw new IOException($"{Location} has {found?.Size ?? 0} bytes after {label.Size} were written");
    }

    public async Task DeleteAsync(string ownerUid, CancellationToken stop)
    {
        PlacedSnapshot? found = await FindAsync(stop);
        ForeignSnapshotException.ThrowIfForeign(Location, found, ownerUid);
        await AbortUploadsAsync(stop);
        if (found is not null)
            await CallAsync("delete", async () => await _client.DeleteObjectAsync(_bucket, _key, stop));
    }

    public void Dispose() => _client.Dispose();

    private static AWSCredentials Credentials()
    {
        string? id = Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID");
        string? secret = Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY");
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(secret))
        {
            throw new CommandFailedException(
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed in the environment for s3://");
        }

        string? token = Environment.GetEnvironmentVariable("AWS_SESSION_TOKEN");
        return string.IsNullOrEmpty(token)
            ? new BasicAWSCredentials(id, secret)
            : new SessionAWSCredentials(id, secret, token);
    }

    private async Task<string> BeginAsync(SnapshotLabel label, CancellationToken stop)
    {
        var request = new InitiateMultipartUploadRequest { BucketName = _bucket, Key = _key };
        request.Metadata[OwnerKey] = label.OwnerUid;
        request.Metadata[Sha256Key] = label.Sha256;
        request.Metadata[RevisionKey] = label.Revision.ToString(CultureInfo.InvariantCulture);
        return (await _client.InitiateMultipartUploadAsync(request, stop)).UploadId;
    }

    private async Task<List<PartETag>> UploadAsync(string upload, Stream content, long size, CancellationToken stop)
    {
        List<PartETag> parts = [];
        byte[] buffer = new byte[Math.Max(_settings.PartBytes, (size / PartsMax) + 1)];
        long sent = 0;
        while (true)
        {
            int length = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, stop);
            sent += length;
            if (length == 0 || sent > size)
                break;
            using var part = new MemoryStream(buffer, 0, length, writable: false);
            UploadPartResponse answer = await _client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = _bucket,
                    Key = _key,
                    UploadId = upload,
                    PartNumber = parts.Count + 1,
                    PartSize = length,
                    InputStream = part,
                    UseChunkEncoding = false,
                    MD5Digest = ContentMd5(buffer.AsSpan(0, length)),
                },
                stop);
            parts.Add(new PartETag(parts.Count + 1, answer.ETag));
        }

        return sent == size
            ? parts
            : throw new IOException($"{Location}: the content has {sent} bytes in place of {size}");
    }

    private Task<CompleteMultipartUploadResponse> CompleteAsync(
        string upload, List<PartETag> parts, CancellationToken stop) =>
        _client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest
            {
                BucketName = _bucket,
                Key = _key,
                UploadId = upload,
                PartETags = parts,
                IfNoneMatch = "*", // where the service knows it, what came there meanwhile is not replaced
            },
            stop);

    private async Task AbortAsync(string upload)
    {
        try
        {
            using var limit = new CancellationTokenSource(CallLimit);
            await _client.AbortMultipartUploadAsync(_bucket, _key, upload, limit.Token);
        }
        catch (Exception fault) when (IsOfCall(fault) || fault is OperationCanceledException)
        {
            // What failed before is what is told; the next attempt finds this upload and ends it.
        }
    }

    /// <summary>Ends what attempts that were killed have begun: the parts would be kept, and paid for, for ever.
    /// </summary>
    private async Task AbortUploadsAsync(CancellationToken stop)
    {
        try
        {
            ListMultipartUploadsResponse uploads = await _client.ListMultipartUploadsAsync(
                new ListMultipartUploadsRequest { BucketName = _bucket, Prefix = _key }, stop);
            foreach (MultipartUpload left in (uploads.MultipartUploads ?? []).Where(each => each.Key == _key))
                await _client.AbortMultipartUploadAsync(_bucket, _key, left.UploadId, stop);
        }
        catch (AmazonServiceException)
        {
            // Not every service can list them, nor everybody may; a snapshot is wanted all the same.
        }
    }

    // S3 wants MD5 here, against errors of transfer.
#pragma warning disable CA5351
    private static string ContentMd5(ReadOnlySpan<byte> part) => Convert.ToBase64String(MD5.HashData(part));
#pragma warning restore CA5351

    private async Task<T> CallAsync<T>(string verb, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception fault) when (IsOfCall(fault))
        {
            throw new IOException($"could not {verb} {Location}: {fault.Message}", fault);
        }
    }

    private static bool IsOfCall(Exception fault) =>
        fault is AmazonServiceException or AmazonClientException or WebException or HttpRequestException
            or ArgumentOutOfRangeException; // the library's own, about headers that are not as it expects them

    private static bool IsBucketMissing(AmazonS3Exception fault) => fault.ErrorCode == "NoSuchBucket";
}
