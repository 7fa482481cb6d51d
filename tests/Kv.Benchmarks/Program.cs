using Kv.Benchmarks;

return await new CommandLine().Build().Parse(args).InvokeAsync();
