package main

import (
	"context"
	"strings"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/terraform-providers/terraform-provider-random/secretsmap"
)

// isRandom tells the types of terraform-provider-random, which is a Go module: no table describes
// what the judge knows of them, it asks the provider itself.
func isRandom(token string) bool {
	return strings.HasPrefix(token, "random:")
}

// randomServer returns pulumi-random as far as Check, Diff and Create go (its provider/resources.go:
// tokens, and the two settings of the bridge).
func randomServer(ctx context.Context) (pulumirpc.ResourceProviderServer, error) {
	info := tfbridge.ProviderInfo{
		P:                           pf.ShimProvider(random.New()),
		Name:                        "random",
		Version:                     "4.21.4",
		MetadataInfo:                tfbridge.NewProviderMetadata([]byte("{}")),
		EnableAccurateBridgePreview: true,
		EnableRawStateDelta:         true,
	}
	name := func(module, name string) (string, error) {
		return tokens.MakeStandard("random")(module, "Random"+name)
	}
	if err := info.ComputeTokens(tokens.SingleModule("random_", "index", name)); err != nil {
		return nil, err
	}

	schema := pf.ProviderMetadata{PackageSchema: []byte("{}")}
	server, err := pf.NewProviderServer(ctx, nil, info, schema)
	if err != nil {
		return nil, err
	}

	_, err = server.Configure(ctx, &pulumirpc.ConfigureRequest{AcceptSecrets: true})
	return server, err
}
