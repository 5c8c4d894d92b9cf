import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { explain, t } from "../language/language.ts";
import { type Crop, move, wholeCrop, zoom } from "../pictures/crop.ts";
import { cropPicture } from "../pictures/crop-picture.ts";

/** Of the square that shows what will be the picture, CSS px. */
const SHOWN_PX = 240;
const ZOOM_MAX = 5;
/** By an arrow key. */
const STEP_PX = 12;

/** Lets the user choose a square of a picture, by dragging, wheel, slider or keys. `onDone` gets its bytes, or nothing. */
export function CropView(props: {
  picture: ImageBitmap;
  onDone: (image: Uint8Array<ArrayBuffer> | undefined) => void;
}) {
  const { picture, onDone } = props;
  const crop = useSignal<Crop>(wholeCrop(picture));
  const scale = useSignal(1);
  const problem = useSignal<unknown>(undefined);
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const { x, y, size } = crop.value;
    canvas.current
      ?.getContext("2d")
      ?.drawImage(picture, x, y, size, size, 0, 0, canvas.current.width, canvas.current.height);
  }, [crop.value]);
  useEffect(() => () => picture.close(), []);

  const moveBy = (xPx: number, yPx: number) => {
    const perPx = crop.peek().size / SHOWN_PX;
    crop.value = move(picture, crop.peek(), { x: xPx * perPx, y: yPx * perPx });
  };
  const zoomTo = (next: number) => {
    scale.value = Math.min(ZOOM_MAX, Math.max(1, next));
    crop.value = zoom(picture, crop.peek(), scale.peek());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-STEP_PX, 0],
      ArrowRight: [STEP_PX, 0],
      ArrowUp: [0, -STEP_PX],
      ArrowDown: [0, STEP_PX],
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    moveBy(...step);
  };
  const use = async () => {
    try {
      onDone(await cropPicture(picture, crop.peek()));
    } catch (error) {
      problem.value = error;
    }
  };

  return (
    <fieldset class="crop">
      <legend>{t.value.cropPicture}</legend>
      <canvas
        ref={canvas}
        width={SHOWN_PX * 2}
        height={SHOWN_PX * 2}
        tabIndex={0}
        role="img"
        aria-label={`${t.value.cropPicture}. ${t.value.cropHint}`}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) moveBy(-event.movementX, -event.movementY);
        }}
        onWheel={(event) => {
          event.preventDefault();
          zoomTo(scale.peek() * (event.deltaY < 0 ? 1.1 : 1 / 1.1));
        }}
      />
      <label>
        {t.value.zoom}
        <input
          type="range"
          min={1}
          max={ZOOM_MAX}
          step={0.05}
          value={scale.value}
          onInput={({ currentTarget }) => zoomTo(currentTarget.valueAsNumber)}
        />
      </label>
      <small>{t.value.cropHint}</small>
      {problem.value !== undefined && <p role="alert">{explain(problem.value)}</p>}
      <div class="actions">
        <button type="button" onClick={() => onDone(undefined)}>
          {t.value.cancel}
        </button>
        <button type="button" class="primary" onClick={() => void use()}>
          {t.value.use}
        </button>
      </div>
    </fieldset>
  );
}
