/*
 * Verifies one S/MIME message over and over with OpenSSL, in process, and
 * prints how often it managed to in a second, then OpenSSL's version.
 *
 *     yardstick raw|full MILLISECONDS CA.pem MESSAGE
 *
 * raw:  the signed part and the signature are found by hand, d2i_CMS_bio and
 *       CMS_verify(CMS_BINARY) do the rest. The message must have CRLF.
 * full: SMIME_read_CMS and CMS_verify, as "openssl cms -verify" does.
 *
 * Both check the signer's chain up to the CA. A message that does not verify,
 * or one that still verifies with a bit of its signed part flipped, is an
 * error: exit 1, and the reason on standard error.
 */
#define _GNU_SOURCE
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct range {
	const char *at;
	size_t len;
};

static void die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static struct range read_file(const char *name)
{
	FILE *f = fopen(name, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		die(name);
	long size = ftell(f);
	char *data = malloc((size_t)size + 1);
	if (data == NULL || fseek(f, 0, SEEK_SET) != 0 || fread(data, 1, (size_t)size, f) != (size_t)size)
		die(name);
	fclose(f);
	data[size] = 0;
	return (struct range){data, (size_t)size};
}

static const char *find(struct range in, const char *what, size_t len)
{
	return memmem(in.at, in.len, what, len);
}

static struct range after(struct range in, const char *at)
{
	return (struct range){at, in.len - (size_t)(at - in.at)};
}

/* split finds the signed part and the base64 of the signature. */
static int split(struct range msg, struct range *content, struct range *base64)
{
	const char *end = find(msg, "\r\n\r\n", 4);
	if (end == NULL)
		return 0;
	struct range head = {msg.at, (size_t)(end - msg.at)};
	const char *param = NULL;
	for (size_t i = 0; i + 9 < head.len; i++)
		if (strncasecmp(head.at + i, "boundary=", 9) == 0) {
			param = head.at + i + 9;
			break;
		}
	if (param == NULL)
		return 0;
	char delimiter[80] = "\r\n--";
	size_t n = 4;
	int quoted = *param == '"';
	for (param += quoted; param < end && n < sizeof delimiter - 1; param++) {
		if (quoted ? *param == '"' : strchr("; \t\r\n", *param) != NULL)
			break;
		delimiter[n++] = *param;
	}

	struct range rest = after(msg, end + 2);
	const char *first = find(rest, delimiter, n);
	if (first == NULL)
		return 0;
	first += n;
	while (*first == ' ' || *first == '\t')
		first++;
	if (memcmp(first, "\r\n", 2) != 0)
		return 0;
	first += 2;
	rest = after(msg, first);
	const char *second = find(rest, delimiter, n);
	if (second == NULL)
		return 0;
	*content = (struct range){first, (size_t)(second - first)};
	rest = after(msg, second + n);
	const char *body = find(rest, "\r\n\r\n", 4);
	if (body == NULL)
		return 0;
	rest = after(msg, body + 4);
	const char *last = find(rest, delimiter, n);
	if (last == NULL)
		return 0;
	*base64 = (struct range){rest.at, (size_t)(last - rest.at)};
	return 1;
}

static CMS_ContentInfo *decode(struct range base64)
{
	unsigned char *der = OPENSSL_malloc(base64.len);
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	CMS_ContentInfo *cms = NULL;
	int n = 0, tail = 0;
	if (der != NULL && ctx != NULL) {
		EVP_DecodeInit(ctx);
		if (EVP_DecodeUpdate(ctx, der, &n, (const unsigned char *)base64.at, (int)base64.len) >= 0 &&
		    EVP_DecodeFinal(ctx, der + n, &tail) >= 0) {
			BIO *in = BIO_new_mem_buf(der, n + tail);
			cms = d2i_CMS_bio(in, NULL);
			BIO_free(in);
		}
	}
	EVP_ENCODE_CTX_free(ctx);
	OPENSSL_free(der);
	return cms;
}

static int verify_raw(struct range msg, X509_STORE *store)
{
	struct range content, base64;
	if (!split(msg, &content, &base64))
		return 0;
	CMS_ContentInfo *cms = decode(base64);
	if (cms == NULL)
		return 0;
	BIO *in = BIO_new_mem_buf(content.at, (int)content.len);
	int ok = CMS_verify(cms, NULL, store, in, NULL, CMS_BINARY) == 1;
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	return ok;
}

static int verify_full(struct range msg, X509_STORE *store)
{
	BIO *in = BIO_new_mem_buf(msg.at, (int)msg.len), *content = NULL;
	CMS_ContentInfo *cms = SMIME_read_CMS(in, &content);
	int ok = cms != NULL && content != NULL && CMS_verify(cms, NULL, store, content, NULL, 0) == 1;
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	BIO_free(in);
	return ok;
}

static X509_STORE *load(const char *ca)
{
	X509_STORE *store = X509_STORE_new();
	if (store == NULL || X509_STORE_load_locations(store, ca, NULL) != 1)
		die(ca);
	return store;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: yardstick raw|full MILLISECONDS CA.pem MESSAGE\n");
		return 2;
	}
	int (*verify)(struct range, X509_STORE *) = strcmp(argv[1], "raw") == 0 ? verify_raw : verify_full;
	double time = atof(argv[2]) / 1000;
	X509_STORE *store = load(argv[3]);
	struct range msg = read_file(argv[4]), content, base64;

	if (!verify(msg, store))
		die("the message does not verify");
	if (!split(msg, &content, &base64))
		die("the message cannot be split");
	char *flip = (char *)content.at + content.len / 2;
	*flip ^= 1;
	if (verify(msg, store))
		die("an altered message verifies");
	*flip ^= 1;
	ERR_clear_error();

	long n = 0;
	double start = now(), elapsed;
	do {
		for (int i = 0; i < 8; i++, n++)
			if (!verify(msg, store))
				die("the message no longer verifies");
	} while ((elapsed = now() - start) < time);
	printf("%.3f %s\n", (double)n / elapsed, OpenSSL_version(OPENSSL_VERSION_STRING));
	return 0;
}
